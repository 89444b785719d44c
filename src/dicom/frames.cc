#include "dicom/frames.h"

#include <algorithm>
#include <array>
#include <limits>

#include "dicom/encoding.h"

namespace lightbox::dicom {
namespace {

constexpr Tag samples_per_pixel = 0x00280002;
constexpr Tag photometric_interpretation = 0x00280004;
constexpr Tag rows = 0x00280010;
constexpr Tag columns = 0x00280011;
constexpr Tag bits_allocated = 0x00280100;
constexpr Tag extended_offset_table = 0x7FE00001;
constexpr std::uint64_t item_header_bytes = 8;
constexpr std::string_view rle_lossless = "1.2.840.10008.1.2.5";

std::uint32_t number_of_frames(const DataSet& data_set) {
  const auto count = data_set.integer(tags::NumberOfFrames).value_or(1);
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(count, 1, std::numeric_limits<std::int32_t>::max()));
}

const Element* find_pixel_data(const DataSet& data_set) {
  for (const Tag tag : {tags::PixelData, tags::FloatPixelData, tags::DoubleFloatPixelData}) {
    const Element* element = data_set.find(tag);
    if (element != nullptr && element->bulk) return element;
  }
  return nullptr;
}

// Numbers of `Unit` bytes each, little endian, as offset tables have them.
template <typename Unit>
std::vector<std::uint64_t> numbers_of(std::string_view bytes) {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(bytes.size() / sizeof(Unit));
  for (std::size_t i = 0; i + sizeof(Unit) <= bytes.size(); i += sizeof(Unit)) {
    std::uint64_t number = 0;
    for (std::size_t byte = sizeof(Unit); byte-- > 0;) {
      number = number << 8U | static_cast<unsigned char>(bytes[i + byte]);
    }
    numbers.push_back(number);
  }
  return numbers;
}

Result<std::string> read_bytes(Source& source, std::uint64_t offset, std::uint64_t length) {
  std::string bytes(length, '\0');
  TRY_DO(source.read(offset, bytes));
  return bytes;
}

class Encapsulated {
 public:
  Encapsulated(const Part10& object, Source& source, const BulkData& bulk)
      : object_(object), source_(source), frames_(number_of_frames(object.data_set())) {
    if (!bulk.fragments.empty()) table_ = bulk.fragments[0];
    index_.offset = bulk.offset;
    index_.length = bulk.length;
    if (bulk.fragments.size() > 1) {
      index_.fragments.assign(bulk.fragments.begin() + 1, bulk.fragments.end());
    }
  }

  Result<FrameIndex> index() && {
    TRY_DO(find_frames());
    index_.frame_count =
        index_.begins.empty() ? 0 : static_cast<std::uint32_t>(index_.begins.size() - 1);
    return std::move(index_);
  }

 private:
  Result<void> find_frames() {
    const std::size_t count = index_.fragments.size();
    if (count == 0) return {};
    if (is_video(object_.transfer_syntax()) || frames_ == 1) return set({0});
    TRY(const bool has_extended, find_by_extended_table());
    if (has_extended) return {};
    TRY(const auto basic, read_bytes(source_, table_.offset, table_.length));
    if (set_by_offsets(numbers_of<std::uint32_t>(basic))) return {};
    if (count == frames_ || object_.transfer_syntax() == rle_lossless) {
      std::vector<std::uint32_t> begins(std::min<std::size_t>(count, frames_));
      for (std::uint32_t i = 0; i < begins.size(); ++i) begins[i] = i;
      if (count > frames_) index_.fragments.resize(frames_);
      return set(std::move(begins));
    }
    return find_by_content();
  }

  Result<void> set(std::vector<std::uint32_t> begins) {
    index_.begins = std::move(begins);
    index_.begins.push_back(static_cast<std::uint32_t>(index_.fragments.size()));
    return {};
  }

  // PS3.3 C.7.6.3.1.8: offsets as in the Basic Offset Table, of 64 bits.
  Result<bool> find_by_extended_table() {
    const Element* element = object_.data_set().find(extended_offset_table);
    if (element == nullptr) return false;
    if (!element->bulk) return set_by_offsets(numbers_of<std::uint64_t>(element->value));
    TRY(const auto bytes, read_bytes(source_, element->bulk->offset, element->bulk->length));
    return set_by_offsets(numbers_of<std::uint64_t>(bytes));
  }

  // Offsets are those of the first fragment's item tag, from that of the very first (PS3.5 A.4).
  // All must be right, else the table is not to be trusted.
  bool set_by_offsets(const std::vector<std::uint64_t>& offsets) {
    if (offsets.size() != frames_ || offsets[0] != 0) return false;
    const auto& fragments = index_.fragments;
    const std::uint64_t origin = fragments[0].offset;
    std::vector<std::uint32_t> begins;
    begins.reserve(frames_ + 1);
    std::uint32_t at = 0;
    for (const std::uint64_t offset : offsets) {
      while (at < fragments.size() && fragments[at].offset - origin < offset) ++at;
      if (at == fragments.size() || fragments[at].offset - origin != offset) return false;
      if (!begins.empty() && begins.back() == at) return false;
      begins.push_back(at);
    }
    (void)set(std::move(begins));
    return true;
  }

  // Without a table, frames of several fragments: each begins with what a code stream begins with.
  Result<void> find_by_content() {
    std::vector<std::uint32_t> begins;
    for (std::uint32_t i = 0; i < index_.fragments.size(); ++i) {
      const Fragment& fragment = index_.fragments[i];
      std::array<char, 4> start{};
      if (fragment.length >= start.size()) TRY_DO(source_.read(fragment.offset, start));
      if (is_start({start.data(), start.size()})) begins.push_back(i);
    }
    if (begins.empty() || begins[0] != 0 || begins.size() > frames_) return {};
    return set(std::move(begins));
  }

  static bool is_start(std::string_view bytes) {
    using namespace std::string_view_literals;
    return bytes.starts_with("\xFF\xD8"sv) ||  // JPEG, JPEG-LS: SOI
           bytes == "\xFF\x4F\xFF\x51"sv ||    // JPEG 2000: SOC, SIZ
           bytes == "\0\0\0\x0C"sv;            // the signature box of JP2
  }

  const Part10& object_;
  Source& source_;
  std::uint32_t frames_;
  Fragment table_;
  FrameIndex index_;
};

FrameIndex index_native(const Part10& object, const Element& element) {
  FrameIndex index{.tag = element.tag,
                   .offset = element.bulk->offset,
                   .length = element.bulk->length,
                   .frame_bits = native_frame_bits(object.data_set(), element.tag)};
  if (encoding_of(object.transfer_syntax()).order == ByteOrder::big_endian) {
    index.swapped_bytes = static_cast<std::uint8_t>(unit_bytes(element.vr));
  }
  if (index.frame_bits == 0) {
    index.frame_bits = index.length * 8 + 1;  // which it is longer than: no frame
  }
  index.frame_count = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      number_of_frames(object.data_set()), index.length * 8 / index.frame_bits));
  return index;
}

// Base 128, the least significant first.
void append_varint(std::uint64_t number, std::string& out) {
  while (number >= 128) {
    out += static_cast<char>(number | 128U);
    number >>= 7U;
  }
  out += static_cast<char>(number);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 127U} << shift;
    if (byte < 128) return number;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t native_frame_bits(const DataSet& data_set, Tag pixel_data) {
  const auto number = [&](Tag tag, std::int64_t otherwise) {
    const auto found = data_set.integer(tag).value_or(otherwise);
    return found >= 0 && found <= std::numeric_limits<std::uint16_t>::max()
               ? static_cast<std::uint64_t>(found)
               : 0;
  };
  std::uint64_t bits = number(bits_allocated, 0);
  if (pixel_data == tags::FloatPixelData) bits = 32;
  if (pixel_data == tags::DoubleFloatPixelData) bits = 64;
  std::uint64_t samples = number(samples_per_pixel, 1);
  // PS3.3 C.7.6.3.1.2: two luminances share their chrominances.
  if (samples == 3 && data_set.first(photometric_interpretation) == "YBR_FULL_422") samples = 2;
  return number(rows, 0) * number(columns, 0) * samples * bits;
}

bool is_video(std::string_view transfer_syntax) {
  constexpr std::string_view family = "1.2.840.10008.1.2.4.10";
  return transfer_syntax.starts_with(family) && transfer_syntax.size() > family.size();
}

bool is_native(std::string_view transfer_syntax) {
  constexpr std::string_view family = "1.2.840.10008.1.2";
  if (!transfer_syntax.starts_with(family)) return false;
  const std::string_view rest = transfer_syntax.substr(family.size());
  return rest.empty() || rest == ".1" || rest == ".2" || rest == ".1.99";
}

Result<std::optional<FrameIndex>> index_frames(const Part10& object, Source& source) {
  const Element* element = find_pixel_data(object.data_set());
  if (element == nullptr || is_deflated(object.transfer_syntax())) {
    return std::optional<FrameIndex>();
  }
  if (element->bulk->fragments.empty()) return std::optional(index_native(object, *element));
  TRY(auto index, Encapsulated(object, source, *element->bulk).index());
  index.tag = element->tag;
  return std::optional(std::move(index));
}

// A page: where its first fragment begins; then for each frame how many fragments it has, and for
// each of these how far it begins after the end of the last (8: the item's header), and its length.
std::vector<std::string> pages_of(const FrameIndex& index) {
  std::vector<std::string> pages;
  if (!index.is_encapsulated()) return pages;
  std::uint64_t end = 0;
  for (std::uint32_t frame = 0; frame < index.frame_count; ++frame) {
    const auto fragments = index.fragments_of(frame);
    if (frame % frames_per_page == 0) {
      pages.emplace_back();
      end = fragments[0].offset - item_header_bytes;
      append_varint(end, pages.back());
    }
    append_varint(fragments.size(), pages.back());
    for (const Fragment& fragment : fragments) {
      append_varint(fragment.offset - end, pages.back());
      append_varint(fragment.length, pages.back());
      end = fragment.offset + fragment.length;
    }
  }
  return pages;
}

std::optional<std::vector<Fragment>> find_in_page(std::string_view page, std::uint32_t frame) {
  auto end = take_varint(page);
  if (!end) return std::nullopt;
  std::vector<Fragment> fragments;
  for (std::uint32_t i = 0; i <= frame; ++i) {
    const auto count = take_varint(page);
    if (!count || *count > page.size()) return std::nullopt;
    fragments.clear();
    for (std::uint64_t n = 0; n < *count; ++n) {
      const auto gap = take_varint(page);
      const auto length = take_varint(page);
      if (!gap || !length || *length > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
      }
      fragments.push_back({*end + *gap, static_cast<std::uint32_t>(*length)});
      end = *end + *gap + *length;
    }
  }
  return fragments;
}

}  // namespace lightbox::dicom
