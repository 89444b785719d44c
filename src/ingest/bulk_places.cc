#include "ingest/bulk_places.h"

#include <fmt/format.h>

#include "dicom/encoding.h"
#include "dicom/frames.h"

namespace lightbox::ingest {
namespace {

using dicom::DataSet;
using dicom::Element;

// All but the pixel data, by the paths that the metadata has (dicom/json.h).
class BulkValues {
 public:
  BulkValues(dicom::ByteOrder order, dicom::Tag pixel_data, std::vector<store::BulkValue>& values)
      : order_(order), pixel_data_(pixel_data), values_(values) {}

  void add(const DataSet& data_set, const std::string& path) {
    for (const Element& element : data_set.elements) {
      if (element.bulk) add(element, path);
      for (std::size_t i = 0; i < element.items.size(); ++i) {
        add(element.items[i], fmt::format("{}{}/{}/", path, dicom::text_of(element.tag), i + 1));
      }
    }
  }

 private:
  void add(const Element& element, const std::string& path) {
    if (path.empty() && element.tag == pixel_data_) return;
    const bool is_swapped =
        order_ == dicom::ByteOrder::big_endian && element.bulk->fragments.empty();
    values_.push_back(
        {.path = path + dicom::text_of(element.tag),
         .offset = element.bulk->offset,
         .length = element.bulk->length,
         .swapped_bytes = static_cast<std::uint8_t>(is_swapped ? unit_bytes(element.vr) : 1)});
  }

  dicom::ByteOrder order_;
  dicom::Tag pixel_data_;
  std::vector<store::BulkValue>& values_;
};

}  // namespace

Result<void> add_bulk_places(const dicom::Part10& object, dicom::Source& source,
                             store::DicomInstance& instance) {
  if (dicom::is_deflated(object.transfer_syntax())) return {};
  TRY(const auto index, dicom::index_frames(object, source));
  if (index) {
    instance.pixel_data = store::PixelData{.tag = index->tag,
                                           .offset = index->offset,
                                           .length = index->length,
                                           .frame_count = index->frame_count,
                                           .frame_bits = index->frame_bits,
                                           .swapped_bytes = index->swapped_bytes};
    instance.frame_pages = dicom::pages_of(*index);
  }
  const auto order = dicom::encoding_of(object.transfer_syntax()).order;
  BulkValues(order, index ? index->tag : 0, instance.bulk_values).add(object.data_set(), "");
  return {};
}

}  // namespace lightbox::ingest
