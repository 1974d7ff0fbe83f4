// Threads whose work may wait: builds, checks, linking. They give way to searches, which people wait for; and how they
// know of them.
#pragma once

#include <chrono>
#include <cstdint>

namespace vamana {

// Makes the calling thread one of these, and with it the threads that it starts from then on. It is nice 10, so that
// it gets a tenth of a processor that others want wholly; and it is of the policy for batches, so that it never takes
// a processor over in the moment it wakes. Of niceness alone Linux makes shares, not turns: a search that wakes such a
// thread would stand still for a turn of some milliseconds.
void enter_background();

// Calls in flight that people wait for, of all engines of this process: they share its processors. Any thread.
void foreground_begins();
void foreground_ends();
uint32_t foreground_calls();
// How long none has been in flight; zero while one is.
std::chrono::steady_clock::duration foreground_quiet();

}  // namespace vamana
