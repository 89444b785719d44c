#include "ingest/object_file.h"

#include <memory>
#include <string>

#include "ingest/compression.h"
#include "ingest/examine.h"

namespace lightbox::ingest {
namespace {

// So much is saved at least, or the object is kept as it is.
constexpr std::uint64_t saved_percent_min = 10;

bool has_native_pixel_data(const store::DicomInstance& instance) {
  return instance.pixel_data && instance.pixel_data->frame_bits != 0;
}

// nullptr: it is not worth it.
Result<std::unique_ptr<Received>> compressed_form(const Received& object) {
  TRY(const auto content, open_object(object));
  auto form = std::make_unique<Received>(object.folder, object.limits, Origin());
  const std::uint64_t bytes_max = content->size() - content->size() * saved_percent_min / 100;
  TRY(const auto compressed,
      compress(*content, bytes_max, [&](std::string_view bytes) { return form->append(bytes); }));
  if (compressed == Compressed::too_large) form.reset();
  return form;
}

Result<NewFile> make_file_of(Files& files, const Received& form,
                             const store::DicomInstance& instance, std::string_view suffix) {
  return make_instance_file(
      instance.study_uid, instance.sop_instance_uid, suffix, [&](const std::string& name) {
        return form.descriptor.is_open() ? files.adopt(name, form.path, form.descriptor)
                                         : files.create(name, form.memory);
      });
}

}  // namespace

Result<NewFile> make_file(Files& files, const Received& object,
                          const store::DicomInstance& instance, Compression compression) {
  if (!object.in_place.empty()) return NewFile{.name = object.in_place};
  if (compression == Compression::zstd && has_native_pixel_data(instance)) {
    TRY(const auto form, compressed_form(object));
    if (form) return make_file_of(files, *form, instance, compressed_suffix);
  }
  return make_file_of(files, object, instance, "");
}

}  // namespace lightbox::ingest
