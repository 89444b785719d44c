#pragma once

// Which study of the archive a resource stands for.

#include <string>

#include "base/result.h"
#include "fhir/definitions.h"
#include "store/store.h"

namespace lightbox::imaging {

// Its StudyInstanceUID. The resource may have another id than that: then both name it. not_found,
// also for a resource that nothing in the archive is of.
Result<std::string> study_uid_of(store::Store& store, const fhir::ResourceType& type,
                                 const std::string& id);
[[nodiscard]] Problem no_instances(std::string_view id);

}  // namespace lightbox::imaging
