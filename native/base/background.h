// Threads whose work may wait: builds, checks, linking. They give way to searches, which people wait for.
#pragma once

namespace vamana {

// Makes the calling thread one of these, and with it the threads that it starts from then on. It is nice 10, so that
// it gets a tenth of a processor that others want wholly; and it is of the policy for batches, so that it never takes
// a processor over in the moment it wakes. Of niceness alone Linux makes shares, not turns: a search that wakes such a
// thread would stand still for a turn of some milliseconds.
void enter_background();

}  // namespace vamana
