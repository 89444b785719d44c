// What the fields of a request and a page's _cursor say: never a crash, whatever stands there.

#include <string>

#include "rest/condition.h"
#include "rest/negotiate.h"
#include "store/cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const std::string text(reinterpret_cast<const char*>(data), size);
  http::Request request;
  request.fields = {{"Accept", text}, {"Content-Type", text}, {"Prefer", text}};
  (void)rest::negotiate(request, {});
  (void)rest::negotiate(request, {{"_format", text}});
  (void)rest::content_format(request);
  (void)rest::patch_format(request);
  (void)rest::parse_http_date(text);
  for (const auto* name : {"If-None-Match", "If-Modified-Since"}) {
    request.fields = {{name, text}};
    (void)rest::is_not_modified(request, {});
  }
  using Mode = store::Ordering::Mode;
  for (const auto mode : {Mode::natural, Mode::reversed, Mode::keys}) {
    (void)store::decode_cursor(text, 1, {mode, {true, false}});
  }
  return 0;
}
