#pragma once

// C-ECHO, C-FIND, C-GET and C-MOVE as SCU (PS3.7 9.1, PS3.4 C.4), on an association that was opened
// from here. What was asked and what it means is the caller's business.
//
// Belongs to one thread at a time, as its association does.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dicom/data_set.h"
#include "dimse/association.h"
#include "ingest/object_receiver.h"

namespace lightbox::dimse {

// An element of an Identifier; `vr` has two letters. Without a value it asks for the attribute.
struct IdentifierKey {
  dicom::Tag tag = 0;
  std::string_view vr;
  std::string value = {};
};

// The presentation contexts of C-GET: for each of these storage SOP classes the SCP role, in as
// many contexts as there is room for, so that objects can come in the transfer syntax that they are
// stored in. The first is `first_id`; ids are odd.
[[nodiscard]] std::vector<ProposedContext> storage_contexts(
    const std::vector<std::string>& sop_class_uids, std::uint8_t first_id);
// Of the standard's storage SOP classes those that fit, for when it is not known what will come.
[[nodiscard]] std::vector<std::string> usual_storage_classes();

// The SOP classes of a model.
struct RootClasses {
  const char* find;
  const char* get;
  const char* move;
};
[[nodiscard]] constexpr RootClasses classes_of(QueryModel root) {
  if (root == QueryModel::study_root) {
    return {uid::study_root_find, uid::study_root_get, uid::study_root_move};
  }
  return {uid::patient_root_find, uid::patient_root_get, uid::patient_root_move};
}

class ServiceUser {
 public:
  // All must outlive it. `root`: of which model queries and retrievals are.
  ServiceUser(Association& association, const Limits& limits,
              QueryModel root = QueryModel::study_root)
      : association_(association), limits_(limits), root_(root) {}

  // All fail with `unavailable` when the association ends, or the peer is out of resources;
  // `unprocessable` when the peer breaks the protocol, as it does again at the same request;
  // `not_supported` when it has not accepted the service; `forbidden`, `invalid` and
  // `request_timeout` (cancelled) as the status of its response says.
  Result<void> echo();

  enum class Found : std::uint8_t {
    all,
    // `each` wanted no more, or the peer was out of resources: there are others.
    cut,
  };
  // `each` gets one match; false: no more are wanted.
  Result<Found> find(std::vector<IdentifierKey> keys,
                     const std::function<bool(const dicom::DataSet&)>& each);

  struct Retrieved {
    std::uint64_t received = 0;  // objects that came, accepted or not
    std::uint16_t failed = 0;    // sub-operations, as the peer counts them
    std::string comment = {};    // its Error Comment
  };
  Result<Retrieved> get(std::vector<IdentifierKey> keys, ingest::ObjectReceiver& receiver);
  // What was sent to the destination, another application entity that the peer must know;
  // `received` are those that it took. Of a destination that is not known: `invalid`.
  Result<Retrieved> move(std::vector<IdentifierKey> keys, std::string_view destination);

 private:
  Result<std::uint8_t> request(CommandField field, std::string_view sop_class,
                               std::vector<IdentifierKey> keys, std::string_view destination = {});
  Result<Message> await();
  // The retrieval's result, when a response is the last one.
  Result<std::optional<Retrieved>> take_response(std::string_view operation,
                                                 const Message& response);
  Result<std::string> read_text(std::uint8_t context_id);
  Result<void> cancel(std::uint8_t context_id);
  Result<void> take_object(const Message& message, ingest::ObjectReceiver& receiver);

  Association& association_;
  const Limits& limits_;
  QueryModel root_;
  std::uint16_t message_id_ = 0;
};

}  // namespace lightbox::dimse
