#pragma once

// What Incoming and Archive know of an object on its way.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/limits.h"
#include "ingest/incoming.h"
#include "ingest/incoming_folder.h"

namespace lightbox::ingest {

struct Received {
  Received(IncomingFolder& of_archive, const Limits& its_limits, Origin its_origin)
      : folder(of_archive), limits(its_limits), origin(std::move(its_origin)) {}
  ~Received();
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
  Result<void> append(std::string_view bytes);
  Result<void> spill();  // from memory to a file below incoming/

  IncomingFolder& folder;
  const Limits& limits;
  Origin origin;
  std::string memory;     // all of it, while there is no file
  Descriptor descriptor;  // of the file below incoming/
  std::string path;       // of that file, "" when there is none; it may have been taken
  std::uint64_t bytes = 0;
  std::uint64_t bytes_started = 0;  // of which the kernel has begun to write
  std::optional<Bare> bare;
  std::string required_study_uid;  // or ""
  std::string in_place;            // the file that stays where it is; or ""
};

}  // namespace lightbox::ingest
