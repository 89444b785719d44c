#include "dicom/iconv.h"

#include <array>
#include <cerrno>
#include <iconv.h>
#include <utility>
#include <vector>

namespace lightbox::dicom {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

const iconv_t no_converter = reinterpret_cast<iconv_t>(-1);  // NOLINT: that is how iconv says it

class Converters {
 public:
  Converters() = default;
  Converters(const Converters&) = delete;
  Converters& operator=(const Converters&) = delete;
  ~Converters() {
    for (const auto& [encoding, converter] : open_) {
      if (converter != no_converter) iconv_close(converter);
    }
  }

  iconv_t of(std::string_view encoding) {
    for (const auto& [name, converter] : open_) {
      if (name == encoding) return converter;
    }
    open_.emplace_back(encoding, iconv_open("UTF-8", encoding.data()));
    return open_.back().second;
  }

 private:
  std::vector<std::pair<std::string_view, iconv_t>> open_;
};

}  // namespace

void append_converted(std::string_view bytes, const char* encoding, std::string& out) {
  static thread_local Converters converters;
  iconv_t converter = converters.of(encoding);
  if (converter == no_converter) {
    out += replacement;
    return;
  }
  iconv(converter, nullptr, nullptr, nullptr, nullptr);  // to its initial state
  char* from = const_cast<char*>(bytes.data());
  std::size_t from_left = bytes.size();
  std::array<char, 512> buffer;
  while (from_left > 0) {
    char* to = buffer.data();
    std::size_t to_left = buffer.size();
    const std::size_t status = iconv(converter, &from, &from_left, &to, &to_left);
    const int error = errno;
    out.append(buffer.data(), to);
    if (status != static_cast<std::size_t>(-1) || error == E2BIG) continue;
    out += replacement;
    ++from;
    --from_left;
  }
}

}  // namespace lightbox::dicom
