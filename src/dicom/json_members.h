#pragma once

// DICOM JSON (PS3.18 annex F) read where it stands, member by member, without a tree: for what
// append_json (json.h) wrote, which is compact and well-formed. Of other text nothing is promised
// but that it is never read past its end. Pure functions; all views are of the text.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/tag.h"

namespace lightbox::dicom {

// One attribute: "00080020":{"vr":"DA","Value":["20240229"]}
struct JsonMember {
  Tag tag = 0;
  std::string_view attribute;  // {"vr":"DA",…}
  std::string_view text;       // all of it, its name included

  [[nodiscard]] std::string_view vr() const;
  // Value, InlineBinary and BulkDataURI; "" when it is not there.
  [[nodiscard]] std::string_view content(std::string_view name) const;
  // Whether it has more than a VR.
  [[nodiscard]] bool has_content() const;
};

// Steps over the members of an object.
class JsonMembers {
 public:
  explicit JsonMembers(std::string_view object);
  // nullopt at the end, and where the text is no such object.
  std::optional<JsonMember> next();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

[[nodiscard]] std::optional<JsonMember> find_member(std::string_view object, Tag tag);

// The items of a sequence, each an object.
[[nodiscard]] std::vector<std::string_view> items_of(const JsonMember& member);

// The values as a data set has them, in UTF-8: separated by backslashes, a name's groups by '='.
// "" for a sequence and for binary content.
[[nodiscard]] std::string values_of(const JsonMember& member);

}  // namespace lightbox::dicom
