#pragma once

// An archive that is elsewhere, as a pull needs it: its studies by date, their instances, and the
// images. One implementation for each protocol (dicomweb_archive.cc, dimse_archive.cc). Every
// request is made at the source's pace, and again when its failure may pass.
//
// Belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dimse/outgoing.h"
#include "ingest/object_receiver.h"
#include "pacs/pace.h"
#include "pacs/source.h"
#include "pacs/window.h"

namespace lightbox::pacs {

struct RemoteStudy {
  std::string uid;
  std::optional<std::uint64_t> instances;  // (0020,1208), where it is told
};
struct RemoteStudies {
  std::vector<RemoteStudy> studies;
  // There are, or may be, more than were shown.
  bool is_cut = false;
};

struct RemoteInstance {
  std::string series_uid;
  std::string sop_instance_uid;
  std::string sop_class_uid;  // "" where it is not told
};

struct RemoteSelection {
  std::string study_uid;
  std::string series_uid = {};              // "": all
  std::vector<std::string> sop_class_uids;  // those in it; none: not known
};

class RemoteArchive {
 public:
  virtual ~RemoteArchive() = default;
  // Whether it answers at all.
  virtual Result<void> check() = 0;
  // `modality`: (0008,0061) has it; "": any. No more than source.results_max are shown.
  virtual Result<RemoteStudies> studies(const Window& window, const std::string& modality) = 0;
  // In no order that means something. Archives need not search at this level (PS3.18 10.6.1.2): it
  // may be empty, or fail with `invalid`, `not_found` or `not_supported`.
  virtual Result<std::vector<RemoteInstance>> instances(const std::string& study_uid) = 0;
  // Fails when the archive does; what an object failed with is the receiver's business. How many
  // instances came another way than to the receiver: by C-MOVE.
  virtual Result<std::uint64_t> retrieve(const RemoteSelection& selection,
                                         ingest::ObjectReceiver& receiver) = 0;
};

// What connections to one source share; outlives them.
struct Connecting {
  const SourceOptions& source;
  const Limits& limits;
  Pace& pace;
  const std::function<bool()>& is_stopped;
};
[[nodiscard]] std::unique_ptr<RemoteArchive> connect_dicomweb(const Connecting& connecting);
// `calling_ae_title`: this server's AE title. `outgoing` must outlive it.
struct DimseConnecting {
  Connecting connecting;
  std::string calling_ae_title;
  dimse::Outgoing& outgoing;
};
[[nodiscard]] std::unique_ptr<RemoteArchive> connect_dimse(const DimseConnecting& connecting);

}  // namespace lightbox::pacs
