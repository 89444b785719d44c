#pragma once

// A whole instance in another transfer syntax, frame by frame. Its bytes lie in memory while they
// are few, then in a file without a name. It takes CPU time: not for a thread that others wait for.
// Used by one thread at a time.

#include <chrono>
#include <string>

#include "base/spool.h"
#include "ingest/stored_object.h"
#include "ingest/transcode.h"

namespace lightbox::ingest {

class InstanceTranscoder {
 public:
  // The object must have been opened, and outlive it, as must the archive.
  InstanceTranscoder(Archive& archive, StoredObject& object, std::string transfer_syntax);

  // Does some of it, at least a frame, until `ends`; whether it is complete. Fails as Transcoder;
  // `insufficient_storage`.
  Result<bool> go_on(std::chrono::steady_clock::time_point ends);
  // When it is complete.
  InstanceSegments take();

 private:
  Result<void> begin();
  Result<void> append(const dicom::EncodedFrame& frame);
  Result<void> append_item(std::string_view bytes);
  Result<void> append(const dicom::Segments& segments);

  const Limits& limits_;
  StoredObject& object_;
  std::string transfer_syntax_;
  bool is_native_;
  Spool spool_;
  std::optional<Transcoder> transcoder_;
  dicom::AroundPixelData around_;
  std::uint32_t count_ = 0;
  std::uint32_t at_ = 0;
  std::uint64_t native_bytes_ = 0;
};

}  // namespace lightbox::ingest
