#include "dicomweb/document.h"

#include "dicom/object_values.h"
#include "dicom/part10.h"
#include "ingest/stored_object.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::string_view encapsulated_pdf = "1.2.840.10008.5.1.4.1.1.104.1";
constexpr dicom::Tag encapsulated_document = 0x00420011;
constexpr dicom::Tag encapsulated_document_length = 0x00420015;

}  // namespace

Result<std::optional<Document>> find_document(Api& api, const store::DicomSelection& instance) {
  TRY(const auto object, ingest::StoredObject::find(api.archive(), instance));
  if (object.file().sop_class_uid != encapsulated_pdf) return std::optional<Document>();
  return std::optional(Document{.key = object.file().key, .media_type = "application/pdf"});
}

Result<std::string> document_of(Api& api, std::int64_t key) {
  TRY(auto object, ingest::StoredObject::find(api.archive(), key));
  if (!object) return problem(ProblemKind::not_found, "The instance has just been deleted");
  TRY_DO(object->open());
  TRY(const auto part10, dicom::Part10::read(object->source(), api.limits()));
  const dicom::Element* element = part10.data_set().find(encapsulated_document);
  if (element == nullptr) {
    return problem(ProblemKind::unprocessable, "The instance has no Encapsulated Document");
  }
  dicom::ObjectValues values(part10, object->source());
  TRY(std::string document, values.bytes_of(*element));
  // Of an odd length, it has a byte more.
  const auto length = dicom::number_of(part10.data_set(), encapsulated_document_length);
  if (length && *length + 1 == static_cast<double>(document.size())) document.pop_back();
  return document;
}

}  // namespace lightbox::dicomweb
