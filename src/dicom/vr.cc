#include "dicom/vr.h"

#include <array>
#include <cstddef>

namespace lightbox::dicom {
namespace {

enum class Charset : bool { no, yes };
enum class Length : bool { is_short, is_long };
enum class Form : std::uint8_t { bytes, text, multi_valued_text };

struct Info {
  std::string_view name;
  Form form = Form::bytes;
  Charset charset = Charset::no;
  Length length = Length::is_short;
  std::uint8_t unit = 1;
};

// PS3.5 table 6.2-1, in the order of Vr.
constexpr std::array<Info, 34> infos = {{
    {.name = "AE", .form = Form::multi_valued_text},
    {.name = "AS", .form = Form::multi_valued_text},
    {.name = "AT", .unit = 2},
    {.name = "CS", .form = Form::multi_valued_text},
    {.name = "DA", .form = Form::multi_valued_text},
    {.name = "DS", .form = Form::multi_valued_text},
    {.name = "DT", .form = Form::multi_valued_text},
    {.name = "FL", .unit = 4},
    {.name = "FD", .unit = 8},
    {.name = "IS", .form = Form::multi_valued_text},
    {.name = "LO", .form = Form::multi_valued_text, .charset = Charset::yes},
    {.name = "LT", .form = Form::text, .charset = Charset::yes},
    {.name = "OB", .length = Length::is_long},
    {.name = "OD", .length = Length::is_long, .unit = 8},
    {.name = "OF", .length = Length::is_long, .unit = 4},
    {.name = "OL", .length = Length::is_long, .unit = 4},
    {.name = "OV", .length = Length::is_long, .unit = 8},
    {.name = "OW", .length = Length::is_long, .unit = 2},
    {.name = "PN", .form = Form::multi_valued_text, .charset = Charset::yes},
    {.name = "SH", .form = Form::multi_valued_text, .charset = Charset::yes},
    {.name = "SL", .unit = 4},
    {.name = "SQ", .length = Length::is_long},
    {.name = "SS", .unit = 2},
    {.name = "ST", .form = Form::text, .charset = Charset::yes},
    {.name = "SV", .length = Length::is_long, .unit = 8},
    {.name = "TM", .form = Form::multi_valued_text},
    {.name = "UC",
     .form = Form::multi_valued_text,
     .charset = Charset::yes,
     .length = Length::is_long},
    {.name = "UI", .form = Form::multi_valued_text},
    {.name = "UL", .unit = 4},
    {.name = "UN", .length = Length::is_long},
    {.name = "UR", .form = Form::text, .length = Length::is_long},
    {.name = "US", .unit = 2},
    {.name = "UT", .form = Form::text, .charset = Charset::yes, .length = Length::is_long},
    {.name = "UV", .length = Length::is_long, .unit = 8},
}};

constexpr const Info& info_of(Vr vr) { return infos[static_cast<std::size_t>(vr)]; }

static_assert(info_of(Vr::AE).name == "AE" && info_of(Vr::SQ).name == "SQ" &&
              info_of(Vr::UV).name == "UV");

constexpr std::uint8_t no_vr = 0xFF;

constexpr std::size_t letters_index(std::string_view capitals) {
  const auto first = static_cast<std::size_t>(capitals[0] - 'A');
  const auto second = static_cast<std::size_t>(capitals[1] - 'A');
  return first * 26 + second;
}

// Two capital letters to the VR, so that the reader needs no search.
constexpr auto by_letters = [] {
  std::array<std::uint8_t, 26 * 26> table{};
  table.fill(no_vr);
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const std::string_view name = infos[i].name;
    table[letters_index(name)] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

}  // namespace

std::string_view name_of(Vr vr) { return info_of(vr).name; }

std::optional<Vr> vr_of(std::string_view name) {
  if (name.size() != 2 || name[0] < 'A' || name[0] > 'Z' || name[1] < 'A' || name[1] > 'Z') {
    return std::nullopt;
  }
  const auto index = by_letters[letters_index(name)];
  return index == no_vr ? std::nullopt : std::optional(static_cast<Vr>(index));
}

bool is_text(Vr vr) { return info_of(vr).form != Form::bytes; }
bool has_character_set(Vr vr) { return info_of(vr).charset == Charset::yes; }
bool is_multi_valued_text(Vr vr) { return info_of(vr).form == Form::multi_valued_text; }
std::size_t unit_bytes(Vr vr) { return info_of(vr).unit; }
bool has_long_length(Vr vr) { return info_of(vr).length == Length::is_long; }

}  // namespace lightbox::dicom
