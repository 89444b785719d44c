#include "dicomweb/presentation.h"

#include "dicom/object_values.h"
#include "dicom/part10.h"
#include "dicomweb/picture_source.h"
#include "ingest/stored_object.h"

namespace lightbox::dicomweb {

Result<bool> is_presentation_state(Api& api, const store::DicomSelection& instance) {
  TRY(const auto object, ingest::StoredObject::find(api.archive(), instance));
  return dicom::is_presentation_state(object.file().sop_class_uid);
}

Result<SharedPresentationState> read_presentation_state(Api& api,
                                                        const store::DicomSelection& instance) {
  TRY(auto object, ingest::StoredObject::find(api.archive(), instance));
  TRY_DO(object.open());
  TRY(const auto part10, dicom::Part10::read(object.source(), api.limits()));
  dicom::ObjectValues values(part10, object.source());
  TRY(auto state, dicom::PresentationState::of(values));
  return std::make_shared<const dicom::PresentationState>(std::move(state));
}

Result<std::vector<Rendered>> images_of(Api& api, const dicom::PresentationState& state,
                                        std::string_view study_uid) {
  constexpr std::size_t images_max = 10'000;
  if (state.images.size() > images_max) {
    return problem(ProblemKind::too_large, "The presentation state is for more than 10,000 images");
  }
  std::vector<std::string> uids;
  for (const auto& image : state.images) uids.push_back(image.sop_instance_uid);
  TRY(const auto files, api.archive().store().dicom().find(uids));
  std::vector<Rendered> pictures;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i] || files[i]->instance.study_uid != study_uid) continue;
    TRY(const bool is_image, has_frames(api, files[i]->key));
    if (is_image) pictures.push_back({.key = files[i]->key, .frames = state.images[i].frames});
  }
  if (pictures.empty()) {
    return problem(ProblemKind::not_found,
                   "The archive has none of the images that the presentation state is for");
  }
  return pictures;
}

}  // namespace lightbox::dicomweb
