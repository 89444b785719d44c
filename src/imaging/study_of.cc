#include "imaging/study_of.h"

#include <fmt/format.h>

#include "store/dicom_index.h"

namespace lightbox::imaging {

using store::IdentityKind;

Problem no_instances(std::string_view id) {
  return problem(ProblemKind::not_found,
                 fmt::format("ImagingStudy/{} is not a study whose instances are in this archive: "
                             "nothing of it comes from DICOM",
                             id));
}

Result<std::string> study_uid_of(store::Store& store, const fhir::ResourceType& type,
                                 const std::string& id) {
  TRY(const auto identities, store.dicom().identities(type, id));
  for (const auto& identity : identities) {
    if (identity.kind == IdentityKind::study) return identity.key;
  }
  TRY(const auto by_uid, store.dicom().identity(IdentityKind::study, id));
  if (by_uid) {
    const auto squatter = store.read(type, id);
    if (!squatter) return by_uid->key;
    return no_instances(id);
  }
  TRY_DO(store.read(type, id));  // not found, or deleted
  return no_instances(id);
}

}  // namespace lightbox::imaging
