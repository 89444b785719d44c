#pragma once

// The Identifier of C-FIND, C-MOVE and C-GET (PS3.7 9.1.2 to 9.1.4): a data set that is no image.

#include <expected>
#include <optional>

#include "dicom/part10.h"
#include "dimse/find_query.h"
#include "dimse/session.h"

namespace lightbox::dimse {

// Of which model a SOP class is; nullopt: of none that is here.
[[nodiscard]] std::optional<QueryModel> model_of(std::string_view sop_class);

// Takes it off the association; or, taken all the same, the status with which it is refused:
// `sop_class_not_supported` when the presentation context is not one of
// this service, `data_set_does_not_match` without an Identifier, `out_of_resources` past
// dimse_message_bytes_max, `cannot_understand` when it cannot be read. `wanted`: the SOP classes of
// the Patient Root and the Study Root.
struct IdentifierClasses {
  std::string_view patient_root;
  std::string_view study_root;
  std::string_view operation;  // "C-FIND"
};
Received<std::expected<dicom::Part10, Status>> read_identifier(Session& session,
                                                               const Message& message,
                                                               const IdentifierClasses& wanted);

// What was negotiated of the presentation context's SOP class.
[[nodiscard]] FindOptions options_of(const Session& session, std::string_view sop_class);

}  // namespace lightbox::dimse
