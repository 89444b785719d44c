#pragma once

// A DICOM data set as a value (PS3.5 7): its elements in ascending order of tags, sequences nested.
// Immutable once read; safe to read from any thread.
//
// Values are the bytes of the file, without trailing padding for text, and numbers always little
// endian. They are views: whoever made the data set (Part10, ParsedJson) keeps the bytes and must
// outlive it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/tag.h"
#include "dicom/vr.h"

namespace lightbox::dicom {

struct Element;

struct DataSet {
  std::vector<Element> elements;

  // nullptr when it is not there.
  [[nodiscard]] const Element* find(Tag tag) const;

  // The element's value as it stands, trimmed of padding; "" when it is not there or empty.
  [[nodiscard]] std::string_view bytes(Tag tag) const;
  // The first value of a text element that has no character set (UI, CS, DA, IS, …).
  [[nodiscard]] std::string_view first(Tag tag) const;
  // All values as UTF-8, by this data set's own Specific Character Set (character_set.h); what
  // cannot be decoded becomes U+FFFD. Empty when it is not there.
  [[nodiscard]] std::vector<std::string> texts(Tag tag) const;
  // The first of them, or "".
  [[nodiscard]] std::string text(Tag tag) const;
  // First value of IS, US, UL, SS, SL, SV, UV; nullopt when it is not there or not a whole number.
  [[nodiscard]] std::optional<std::int64_t> integer(Tag tag) const;
  // The items of a sequence; empty when it is not there.
  [[nodiscard]] const std::vector<DataSet>& items(Tag tag) const;

  // (0008,0005) in force here: this data set's, or the one around it. "" is the default repertoire.
  std::string character_set;
};

// Where a value that was not kept lies in the file (after inflation, for the deflated transfer
// syntax: then `offset` counts bytes of the inflated data set, and is not one of the file).
struct BulkData {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  // Encapsulated pixel data (PS3.5 A.4): the Basic Offset Table's and each fragment's own value, in
  // order; empty for a native one. `length` then is from the first item's tag to the end of the
  // sequence delimitation item.
  struct Fragment {
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
  };
  std::vector<Fragment> fragments;
};

struct Element {
  Tag tag = 0;
  Vr vr = Vr::UN;
  std::string_view value;        // empty for SQ, and for what is bulk
  std::vector<DataSet> items;    // of SQ
  std::optional<BulkData> bulk;  // pixel data, and whatever is longer than limits allow to keep
};

// The values of a text element as UTF-8, without the padding around each: one for LT, ST, UR and
// UT. For an empty element one empty value.
[[nodiscard]] std::vector<std::string> texts_of(const Element& element,
                                                std::string_view character_set);

}  // namespace lightbox::dicom
