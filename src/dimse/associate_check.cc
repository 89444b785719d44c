#include "dimse/associate_check.h"

#include <bitset>
#include <cstdint>
#include <optional>

namespace lightbox::dimse {
namespace {

// PS3.8 9.3.2 and annex D.
enum ItemType : std::uint8_t {
  application_context = 0x10,
  presentation_context = 0x20,
  presentation_context_answer = 0x21,
  abstract_syntax = 0x30,
  transfer_syntax = 0x40,
  user_information = 0x50,
  maximum_length = 0x51,
  implementation_class = 0x52,
  role_selection = 0x54,
  implementation_version = 0x55,
  extended_negotiation = 0x56,
  user_identity = 0x58,
};
constexpr std::size_t fixed_bytes = 68;  // version, reserved, both AE titles, reserved
constexpr std::size_t uid_bytes_max = 64;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::size_t big_16(std::string_view bytes, std::size_t at) {
  return static_cast<std::size_t>(byte_at(bytes, at)) << 8U | byte_at(bytes, at + 1);
}

struct Item {
  std::uint8_t type = 0;
  std::string_view value;
};

// Takes the first item off; nullopt when it does not fit.
std::optional<Item> take(std::string_view& bytes) {
  constexpr std::size_t header_bytes = 4;
  if (bytes.size() < header_bytes) return std::nullopt;
  const std::size_t length = big_16(bytes, 2);
  if (length > bytes.size() - header_bytes) return std::nullopt;
  const Item item{.type = byte_at(bytes, 0), .value = bytes.substr(header_bytes, length)};
  bytes.remove_prefix(header_bytes + length);
  return item;
}

bool is_presentation_context(std::string_view value, std::bitset<256>& ids) {
  constexpr std::size_t header_bytes = 4;
  if (value.size() < header_bytes) return false;
  const std::uint8_t id = byte_at(value, 0);
  if (id % 2 == 0 || ids[id]) return false;
  ids[id] = true;
  value.remove_prefix(header_bytes);
  int abstract_syntaxes = 0;
  int transfer_syntaxes = 0;
  while (!value.empty()) {
    const auto item = take(value);
    if (!item) return false;
    if (item->type == abstract_syntax) ++abstract_syntaxes;
    if (item->type == transfer_syntax) ++transfer_syntaxes;
    if (item->type == abstract_syntax || item->type == transfer_syntax) {
      if (item->value.size() > uid_bytes_max) return false;
    }
  }
  return abstract_syntaxes == 1 && transfer_syntaxes > 0;
}

bool is_presentation_context_answer(std::string_view value, std::bitset<256>& ids) {
  constexpr std::size_t header_bytes = 4;
  constexpr std::uint8_t acceptance = 0;
  if (value.size() < header_bytes) return false;
  const std::uint8_t id = byte_at(value, 0);
  if (id % 2 == 0 || ids[id]) return false;
  ids[id] = true;
  const bool is_accepted = byte_at(value, 2) == acceptance;
  value.remove_prefix(header_bytes);
  int transfer_syntaxes = 0;
  while (!value.empty()) {
    const auto item = take(value);
    if (!item || item->value.size() > uid_bytes_max) return false;
    // Some repeat what was proposed.
    if (item->type != transfer_syntax && item->type != abstract_syntax) return false;
    if (item->type == transfer_syntax) ++transfer_syntaxes;
  }
  return transfer_syntaxes == 1 || (!is_accepted && transfer_syntaxes == 0);
}

// A UID with its length, and at least `more` bytes behind it.
bool begins_with_uid(std::string_view value, std::size_t more) {
  return value.size() >= 2 + more && big_16(value, 0) <= value.size() - 2 - more;
}

// PS3.7 D.3.3.7: type, response requested, two fields with their lengths.
bool is_user_identity(std::string_view value) {
  if (value.size() < 4 || !begins_with_uid(value.substr(2), 2)) return false;
  const std::string_view second = value.substr(4 + big_16(value, 2));
  return big_16(second, 0) == second.size() - 2;
}

bool is_user_information(std::string_view value) {
  bool has_user_identity = false;
  while (!value.empty()) {
    const auto item = take(value);
    if (!item) return false;
    switch (item->type) {
      case maximum_length:
        if (item->value.size() != 4) return false;
        break;
      case implementation_class:
      case implementation_version:
        if (item->value.size() > uid_bytes_max) return false;
        break;
      case role_selection:
        if (!begins_with_uid(item->value, 2)) return false;
        break;
      case extended_negotiation:
        if (!begins_with_uid(item->value, 0)) return false;
        break;
      case user_identity:
        if (has_user_identity || !is_user_identity(item->value)) return false;
        has_user_identity = true;
        break;
      default:
        break;
    }
  }
  return true;
}

using ContextCheck = bool (*)(std::string_view value, std::bitset<256>& ids);

bool is_well_formed(std::string_view body, ItemType context_type, ContextCheck check) {
  if (body.size() < fixed_bytes) return false;
  body.remove_prefix(fixed_bytes);
  std::bitset<256> ids;
  int user_informations = 0;
  while (!body.empty()) {
    const auto item = take(body);
    if (!item) return false;
    if (item->type == application_context && item->value.size() > uid_bytes_max) return false;
    if (item->type == context_type && !check(item->value, ids)) return false;
    if (item->type == user_information) {
      if (++user_informations > 1 || !is_user_information(item->value)) return false;
    }
  }
  return true;
}

}  // namespace

bool is_well_formed_associate(std::string_view body) {
  return is_well_formed(body, presentation_context, is_presentation_context);
}

bool is_well_formed_accept(std::string_view body) {
  return is_well_formed(body, presentation_context_answer, is_presentation_context_answer);
}

}  // namespace lightbox::dimse
