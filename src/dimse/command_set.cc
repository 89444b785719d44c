#include "dimse/command_set.h"

#include <fmt/format.h>

#include "dimse/encoder.h"

namespace lightbox::dimse {
namespace {

std::uint32_t little_16(std::string_view bytes) {
  return static_cast<std::uint8_t>(bytes[0]) |
         static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[1])) << 8U;
}

std::uint32_t little_32(std::string_view bytes) {
  return little_16(bytes) | little_16(bytes.substr(2)) << 16U;
}

}  // namespace

Result<CommandSet> CommandSet::parse(std::string_view bytes) {
  constexpr std::size_t header_bytes = 8;
  CommandSet command;
  while (!bytes.empty()) {
    if (bytes.size() < header_bytes) {
      return problem(ProblemKind::invalid, "The command set ends within an element's header");
    }
    const dicom::Tag tag = little_16(bytes) << 16U | little_16(bytes.substr(2));
    const std::uint32_t length = little_32(bytes.substr(4));
    bytes.remove_prefix(header_bytes);
    if (dicom::group_of(tag) != 0) {
      return problem(ProblemKind::invalid,
                     fmt::format("The command set has {:08X}, which is not of group 0000", tag));
    }
    if (length > bytes.size()) {
      return problem(ProblemKind::invalid,
                     fmt::format("The command set's {:08X} has {} bytes, of which {} are there",
                                 tag, length, bytes.size()));
    }
    command.values_[tag] = bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  return command;
}

std::optional<std::uint16_t> CommandSet::number(dicom::Tag tag) const {
  const auto found = values_.find(tag);
  if (found == values_.end() || found->second.size() != 2) return std::nullopt;
  return static_cast<std::uint16_t>(little_16(found->second));
}

std::string_view CommandSet::text(dicom::Tag tag) const {
  const auto found = values_.find(tag);
  if (found == values_.end()) return {};
  std::string_view text = found->second;
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

void CommandSet::set_number(dicom::Tag tag, std::uint16_t value) {
  values_[tag] = Encoder::number_bytes(value);
}

void CommandSet::set_uid(dicom::Tag tag, std::string_view value) {
  values_[tag] = Encoder::padded(value, '\0');
}

void CommandSet::set_text(dicom::Tag tag, std::string_view value) {
  values_[tag] = Encoder::padded(value, ' ');
}

void CommandSet::set_tags(dicom::Tag tag, const std::vector<dicom::Tag>& values) {
  std::string bytes;
  for (const dicom::Tag value : values) {
    bytes += Encoder::number_bytes(dicom::group_of(value));
    bytes += Encoder::number_bytes(static_cast<std::uint16_t>(value));
  }
  values_[tag] = std::move(bytes);
}

std::string CommandSet::encode() const {
  Encoder body(Encoder::Vrs::implicit);
  for (const auto& [tag, value] : values_) {
    if (tag != command::GroupLength) body.raw(tag, "UN", value);
  }
  const auto length = static_cast<std::uint32_t>(body.bytes().size());
  std::string text = Encoder::number_bytes(static_cast<std::uint16_t>(length));
  text += Encoder::number_bytes(static_cast<std::uint16_t>(length >> 16U));
  Encoder whole(Encoder::Vrs::implicit);
  whole.raw(command::GroupLength, "UL", text);
  return whole.bytes() + body.bytes();
}

}  // namespace lightbox::dimse
