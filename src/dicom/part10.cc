#include "dicom/part10.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "dicom/encoding.h"
#include "dicom/input.h"
#include "dicom/reader.h"
#include "dicom/remarks.h"

namespace lightbox::dicom {
namespace {

constexpr std::size_t preamble_bytes = 128;

// Where file meta information may begin: after preamble and prefix, after the prefix alone, or at
// once (PS3.10 7.1). nullopt: this is a bare data set.
Result<std::optional<std::uint64_t>> meta_offset(Source& source, Remarks& remarks) {
  std::array<char, preamble_bytes + 4> buffer;
  const std::size_t count = std::min<std::uint64_t>(source.size(), buffer.size());
  TRY_DO(source.read(0, {buffer.data(), count}));
  const std::string_view start(buffer.data(), count);
  if (start.ends_with("DICM") && count == buffer.size()) return buffer.size();
  if (start.starts_with("DICM")) {
    remarks.add("the preamble of 128 bytes is missing");
    return 4;
  }
  if (count >= 8 && read_16(start.data(), ByteOrder::little_endian) == 2 &&
      vr_of(start.substr(4, 2))) {
    remarks.add("preamble and \"DICM\" are missing");
    return 0;
  }
  return std::nullopt;
}

// Encoding and name of a data set of which nothing is said.
Result<std::pair<Encoding, std::string>> guess(Input& input, Remarks& remarks) {
  TRY(const bool has_element, input.has(8));
  const std::uint64_t left = input.left().value_or(0);
  const auto encoding = has_element ? guessed_encoding({input.data(), 8}, left - 8) : std::nullopt;
  if (!encoding) {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("byte {}: not a DICOM object: neither \"DICM\" at byte 128 nor an "
                               "element of group 0008 was found",
                               input.offset()));
  }
  remarks.add(
      fmt::format("no transfer syntax is given: the data set looks {}", name_of(*encoding)));
  if (encoding->form == VrForm::implicit_vr) return std::pair(*encoding, "1.2.840.10008.1.2");
  return std::pair(*encoding, encoding->order == ByteOrder::big_endian ? "1.2.840.10008.1.2.2"
                                                                       : "1.2.840.10008.1.2.1");
}

}  // namespace

struct Part10::Impl {
  Arena arena;
  DataSet meta;
  DataSet data_set;
  std::string transfer_syntax;
  std::uint64_t data_set_offset = 0;
  std::vector<std::string> remarks;
};

Result<Part10> Part10::read(Source& source, const Limits& limits,
                            std::string_view transfer_syntax) {
  Remarks remarks;
  auto impl = std::make_unique<Impl>();
  TRY(const auto meta_at, meta_offset(source, remarks));
  auto input = make_stored_input(source, meta_at.value_or(0), limits);
  if (meta_at) {
    TRY(impl->meta, Reader(*input, limits, remarks).read_meta());
  }
  impl->data_set_offset = input->offset();
  impl->transfer_syntax = impl->meta.first(tags::TransferSyntaxUID);
  if (impl->transfer_syntax.empty()) impl->transfer_syntax = transfer_syntax;
  Encoding encoding = encoding_of(impl->transfer_syntax);
  if (impl->transfer_syntax.empty()) {
    TRY(auto guessed, guess(*input, remarks));
    encoding = guessed.first;
    impl->transfer_syntax = std::move(guessed.second);
  } else if (is_deflated(impl->transfer_syntax)) {
    impl->arena = std::move(*input).take_arena();
    input = make_inflated_input(source, impl->data_set_offset, limits);
  }
  TRY(impl->data_set, Reader(*input, limits, remarks).read_data_set(encoding));
  std::ranges::move(std::move(*input).take_arena(), std::back_inserter(impl->arena));
  impl->remarks = std::move(remarks).take();
  return Part10(std::move(impl));
}

Part10::Part10(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Part10::Part10(Part10&&) noexcept = default;
Part10& Part10::operator=(Part10&&) noexcept = default;
Part10::~Part10() = default;

const DataSet& Part10::meta() const { return impl_->meta; }
const DataSet& Part10::data_set() const { return impl_->data_set; }
const std::string& Part10::transfer_syntax() const { return impl_->transfer_syntax; }
std::uint64_t Part10::data_set_offset() const { return impl_->data_set_offset; }
const std::vector<std::string>& Part10::remarks() const { return impl_->remarks; }

}  // namespace lightbox::dicom
