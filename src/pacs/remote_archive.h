#pragma once

// An archive that is elsewhere, as a pull needs it: its studies by date, their instances, what is
// told of them, and the images. One implementation for each protocol (dicomweb_archive.cc,
// dimse_archive.cc). Every request is made at the source's pace, and again when its failure may
// pass.
//
// Belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dimse/outgoing.h"
#include "ingest/object_receiver.h"
#include "pacs/pace.h"
#include "pacs/source.h"
#include "pacs/study_name.h"
#include "pacs/window.h"

namespace lightbox::pacs {

struct RemoteStudy {
  std::string uid;
  std::optional<std::uint64_t> instances;  // (0020,1208), where it is told
  std::string date = {};                   // (0008,0020), "20240229"; "" where it is none
  // What is told of the patient and the study that FHIR or a search could want, with how much is in
  // it: compact DICOM JSON (PS3.18 annex F) in the order of tags, only what has a value. The same
  // text as long as the archive tells the same. "" when only UIDs were wanted.
  std::string attributes = {};
};
// What a search for studies asks of each.
enum class Wanted : std::uint8_t {
  uids,        // as little as there is
  attributes,  // RemoteStudy::attributes as well
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
  std::string sop_instance_uid = {};        // "": all; goes with a series
  std::vector<std::string> sop_class_uids;  // those in it; none: not known
};

struct Described {
  std::uint64_t skipped = 0;  // instances without UIDs that are such
  bool is_cut = false;        // there are, or may be, more than were shown
};
// What is told of a study's series and instances (told_by() in description.h).
struct ToldStudy {
  std::vector<std::string> series;
  std::vector<std::string> instances;
};
using ToldStudies = std::unordered_map<std::string, ToldStudy>;  // by their UIDs
// Takes compact DICOM JSON of one instance.
using EachInstance = std::function<Result<void>(std::string_view json)>;

class RemoteArchive {
 public:
  virtual ~RemoteArchive() = default;
  // Whether it answers at all.
  virtual Result<void> check() = 0;
  // `modality`: (0008,0061) has it; "": any. No more than source.results_max are shown.
  virtual Result<RemoteStudies> studies(const Window& window, const std::string& modality,
                                        Wanted wanted) = 0;
  // The studies of a name, with what `wanted` says. No more than source.results_max are shown.
  virtual Result<RemoteStudies> studies_named(const StudyName& name, Wanted wanted) = 0;
  // In no order that means something. Archives need not search at this level (PS3.18 10.6.1.2): it
  // may be empty, or fail with `invalid`, `not_found` or `not_supported`.
  virtual Result<std::vector<RemoteInstance>> instances(const std::string& study_uid) = 0;
  // What is told of each instance of a study, its series' and its study's attributes included
  // (description.h). `each` gets every instance once, in no order that means something; when it
  // fails, that is the end, with its problem. Fails as instances() does; `each` may have had a part
  // by then.
  virtual Result<Described> describe(const RemoteStudy& study, const EachInstance& each) = 0;
  // What is told of all studies of a window, by a search for series and one for instances whatever
  // their study (relational, PS3.18 10.6.1.2). nullopt: the protocol has no such, or there are more
  // than `shown_max`. Fails as instances() does.
  virtual Result<std::optional<ToldStudies>> describe_window(const Window& window,
                                                             std::size_t shown_max) = 0;
  // Fails when the archive does, with `unprocessable` when it began to send something that it then
  // could not; what an object failed with is the receiver's business. How many
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
