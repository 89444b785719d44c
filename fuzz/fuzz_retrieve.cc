// What a request to retrieve says: Accept, query, list of frames, Range. Never a crash.

#include <string>

#include "dicomweb/accept.h"
#include "dicomweb/frame_form.h"
#include "dicomweb/instance_form.h"
#include "dicomweb/render_request.h"
#include "dicomweb/selection.h"
#include "http/range.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)dicomweb::frame_list(text);
  const auto range = http::wanted_range(text, 1000);
  if (range.kind == http::WantedRange::Kind::part &&
      range.range.first + range.range.length > 1000) {
    __builtin_trap();
  }
  http::Request request;
  request.query = text;
  const auto wanted = dicomweb::RenderRequest::of(request, 1U << 20U);
  if (wanted && wanted->viewport) {
    const dicom::Picture picture{
        .columns = 7, .rows = 5, .channels = 1, .bytes = std::string(35, 'a')};
    (void)dicomweb::fit(picture, *wanted->viewport, 1U << 16U);
  }
  request.query.clear();
  request.fields = {{"Accept", text}};
  const auto accept = dicomweb::Accept::of(request);
  if (!accept) return 0;
  for (const char* stored :
       {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102", "1.2.3"}) {
    (void)dicomweb::choose_frame_form(*accept, stored, size % 3);
    const std::string one(stored);
    (void)dicomweb::choose_instance_form(*accept, size % 3, std::span(&one, 1));
  }
  return 0;
}
