// What an environment must close when it ends, so that no thread of it goes on: an open index, an open store.
#pragma once

namespace vamana::addon {

class Closable {
 public:
  virtual ~Closable() = default;
  // Ends its threads. Any thread, any number of times; may take as long as the searches in flight.
  virtual void close() = 0;
};

}  // namespace vamana::addon
