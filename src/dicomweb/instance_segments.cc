#include "dicomweb/instance_segments.h"

namespace lightbox::dicomweb {
namespace {

InstanceSegments whole(StoredObject& object) {
  const std::uint64_t size = object.source().size();
  return {.source = object.take_source(), .segments = {{.offset = 0, .length = size}}};
}

Result<InstanceSegments> segments_of(Api& api, StoredObject& object,
                                     std::string_view transfer_syntax) {
  if (object.transfer_syntax() == transfer_syntax) return whole(object);
  TRY(const auto part10, dicom::Part10::read(object.source(), api.limits()));
  TRY(auto segments, dicom::to_explicit_little_endian(part10));
  return InstanceSegments{.source = object.take_source(), .segments = std::move(segments)};
}

}  // namespace

boost::asio::awaitable<Result<InstanceSegments>> instance_segments(
    Api& api, StoredObject& object, std::string_view transfer_syntax) {
  if (transfer_syntax == object.file().transfer_syntax_uid) {
    auto opened = object.open_as_it_is();
    if (!opened) co_return std::move(opened).error();
    co_return whole(object);
  }
  auto opened = co_await open(api, object);
  if (!opened) co_return std::move(opened).error();
  co_return segments_of(api, object, transfer_syntax);
}

}  // namespace lightbox::dicomweb
