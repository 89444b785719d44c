#pragma once

// Files of a folder that were read a moment ago, kept open: an object with many frames is read
// frame after frame, and opening costs more than reading one. Few, so that nothing has to be
// counted.
//
// All members are safe from any thread.

#include <array>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/file.h"

namespace lightbox::ingest {

class OpenFiles {
 public:
  // A descriptor of the caller's own; not open when there is none here, or when the file has gone
  // from the disk, whoever removed or replaced it (unless a hard link keeps it elsewhere).
  [[nodiscard]] Descriptor find(const std::string& name);

  // To be asked before a file is opened that is kept afterwards: nothing is kept that was forgotten
  // meanwhile.
  [[nodiscard]] std::uint64_t turn();
  void keep(const std::string& name, const Descriptor& descriptor, std::uint64_t turn);
  // After the file has been removed or moved.
  void forget(const std::string& name);

 private:
  struct Open {
    std::string name;
    Descriptor descriptor;
  };
  [[nodiscard]] Open& slot_of(const std::string& name);

  std::mutex mutex_;
  std::array<Open, 16> slots_;
  std::uint64_t turn_ = 0;
};

}  // namespace lightbox::ingest
