#include "fhir/xml_read.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "fhir/json_text.h"
#include "fhir/primitive.h"
#include "fhir/validate.h"
#include "fhir/xml_parse.h"

namespace lightbox::fhir {
namespace {

constexpr std::string_view fhir_namespace = "http://hl7.org/fhir";
constexpr std::string_view xhtml_namespace = "http://www.w3.org/1999/xhtml";
constexpr std::size_t narrative_depth_max = 256;  // narrative.cc says what is wrong with more

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Builds the tree while the parser goes through the text. The elements that are open are frames on
// a stack; each knows which type's elements may stand in it.
class TreeReader final : public XmlEvents {
 public:
  TreeReader(std::string_view text, const Limits& limits)
      : text_(text),
        limits_(limits),
        document_(text.size() + 1024),
        findings_(limits.issues_max),
        parser_(text, *this) {}

  struct Read {
    JsonDocument document;
    std::vector<Issue> issues;
  };

  Result<Read> read() {
    TRY_DO(parser_.run());
    return Read{.document = std::move(document_), .issues = std::move(findings_).take()};
  }

  void start(const XmlName& name, std::span<const XmlAttribute> attributes,
             bool declares_default) override {
    ++open_;
    if (open_ > limits_.json_depth_max + narrative_depth_max) return too_deep();
    if (skipped_ > 0 || narrative_.open > 0) {
      ++(skipped_ > 0 ? skipped_ : narrative_.open);
    } else if (depth_ == 0) {
      root(name, attributes);
    } else if (top().role == Role::holder) {
      held_resource(name, attributes);
    } else {
      child(name, attributes, declares_default);
    }
  }

  void end() override {
    --open_;
    if (skipped_ > 0) {
      --skipped_;
    } else if (narrative_.open > 0) {
      if (--narrative_.open == 0) end_narrative();
    } else {
      if (top().role == Role::primitive) end_primitive();
      if (top().role == Role::holder && !top().has_content) {
        finding("structure", {}, "expected a resource in it");
      }
      --depth_;
    }
  }

  void text(std::string_view text) override {
    if (skipped_ > 0 || narrative_.open > 0 || depth_ == 0 || top().has_text || is_blank(text)) {
      return;
    }
    top().has_text = true;
    finding("structure", {},
            fmt::format("text {} outside a narrative: a value stands in the attribute value",
                        quoted(text)));
  }

 private:
  using Slot = ComplexType::Slot;

  enum class Role {
    resource,   // its elements
    holder,     // contained, Bundle.entry.resource: one resource
    complex,    // elements, and attributes for id and Extension.url
    primitive,  // attributes value and id, and extensions
  };

  // What one element of a frame's type has become: a member, or for a list two arrays, each there
  // only from its first item on.
  struct Member {
    Json* values = nullptr;
    Json* last_value = nullptr;
    Json* parts = nullptr;  // "_name"
    Json* last_part = nullptr;
    std::uint32_t count = 0;
  };

  struct Frame {
    Role role = Role::complex;
    Slot slot;                          // what it is in the frame below; none: the root
    std::ptrdiff_t index = -1;          // in its list
    const ComplexType* type = nullptr;  // whose elements may stand in it
    Json* object = nullptr;             // for a primitive: what goes into "_name"
    Json* last = nullptr;               // the object's last member
    std::size_t object_depth = 0;       // of JSON's brackets
    std::size_t latest = 0;             // the element that came latest in the type's order
    bool is_detached = false;           // a repetition that is refused: not in the tree
    bool has_text = false;
    bool has_content = false;  // holder: a resource; primitive: a value
    std::string_view value;    // primitive
    std::vector<Member> members;
  };

  Frame& top() { return frames_[depth_ - 1]; }
  Frame& below_top() { return frames_[depth_ - 2]; }

  // Frames are kept for reuse, with the room that their members have.
  Frame& push(Role role, const Slot& slot, const ComplexType* type) {
    if (depth_ == frames_.size()) frames_.emplace_back();
    Frame& frame = frames_[depth_++];
    std::vector<Member> members = std::move(frame.members);
    members.assign(type == nullptr ? 0 : type->elements.size(), Member{});
    frame = {.role = role, .slot = slot, .type = type, .value = {}, .members = std::move(members)};
    return frame;
  }

  // --- Elements ----------------------------------------------------------------------------------

  void root(const XmlName& name, std::span<const XmlAttribute> attributes) {
    // Wrong once, it is told once: the elements below are mostly in the same one.
    namespace_ = name.space;
    if (name.space != fhir_namespace) {
      finding("structure", name.local,
              fmt::format("the namespace is {}: expected xmlns=\"{}\"",
                          name.space.empty() ? "missing" : quoted(name.space), fhir_namespace));
    }
    const ResourceType* type = Definitions::r4().resource_type(name.local);
    if (type == nullptr) {
      return parser_.stop(problem(ProblemKind::invalid, "structure",
                                  fmt::format("XML, {}: {} is no resource type of R4",
                                              parser_.position(), quoted(name.local))));
    }
    Json* object = make(Json::Kind::object);
    document_.set_root(object);
    begin_resource(*type, object, 1, attributes);
  }

  void begin_resource(const ResourceType& type, Json* object, std::size_t depth,
                      std::span<const XmlAttribute> attributes) {
    Frame& frame = push(Role::resource, {}, type.elements);
    frame.object = object;
    frame.object_depth = depth;
    add_member(frame, "resourceType", make(Json::Kind::string, type.name));
    for (const XmlAttribute& attribute : attributes) {
      unknown_attribute(attribute, attribute.name.local == "id"
                                       ? "a resource's id is an element: expected <id value=\"…\"/>"
                                       : "a resource has no attributes");
    }
  }

  // The one resource of <contained> or <resource>.
  void held_resource(const XmlName& name, std::span<const XmlAttribute> attributes) {
    Frame& holder = top();
    const ResourceType* type = Definitions::r4().resource_type(name.local);
    if (!is_in_namespace(name)) return skip();
    if (type == nullptr || holder.has_content) {
      finding("structure", {},
              type == nullptr ? fmt::format("{} is no resource type of R4", quoted(name.local))
                              : std::string("a second resource: expected one only"));
      holder.has_content = true;
      return skip();
    }
    holder.has_content = true;
    Json* object = make(Json::Kind::object);
    const std::size_t depth = holder.object_depth;
    if (!holder.is_detached) attach_value(below_top(), holder.slot, object);
    begin_resource(*type, object, depth, attributes);
  }

  void child(const XmlName& name, std::span<const XmlAttribute> attributes, bool declares_default) {
    const Slot slot = top().type->find(name.local);
    const bool is_narrative = slot.type != nullptr && slot.type->primitive == Primitive::xhtml;
    if (!is_narrative && !is_in_namespace(name)) return skip();
    if (slot.element == nullptr) return unknown_element(name.local);
    if (is_attribute(top(), *slot.element)) {
      finding("structure", slot.element->name,
              fmt::format("{0} is an attribute here: expected {0}=\"…\"", slot.element->name));
      return skip();
    }
    check_order(slot, name.local);
    Frame& parent = top();
    Member& member = parent.members[index_of(parent, slot)];
    const bool is_repeated = !slot.element->is_list && !may_follow(parent, member, slot);
    if (is_repeated) {
      finding("structure", slot.element->name,
              fmt::format("{} is there more than once: expected one only", name.local));
    }
    if (is_narrative) {
      narrative_ = {.open = 1,
                    .begin = parser_.begin_offset(),
                    .slot = slot,
                    .inherits = name.space == xhtml_namespace && !declares_default,
                    .is_detached = is_repeated};
      return;
    }
    begin_element(slot, is_repeated, attributes);
  }

  void begin_element(const Slot& slot, bool is_repeated, std::span<const XmlAttribute> attributes) {
    const Frame& parent = top();
    const std::size_t index = parent.members[index_of(parent, slot)].count;
    const std::size_t depth = parent.object_depth + (slot.element->is_list ? 2 : 1);
    if (depth > limits_.json_depth_max) return too_deep();
    const ElementType& type = *slot.type;
    const bool is_primitive = type.primitive != Primitive::none;
    const Role role = is_primitive       ? Role::primitive
                      : type.is_resource ? Role::holder
                                         : Role::complex;
    Frame& frame = push(role, slot, is_primitive ? element_type_ : type.complex);
    frame.index = slot.element->is_list ? static_cast<std::ptrdiff_t>(index) : -1;
    frame.object_depth = depth;
    frame.is_detached = is_repeated;
    if (role == Role::primitive) frame.object = take_spare();
    if (role == Role::complex) frame.object = make(Json::Kind::object);
    if (role == Role::complex && !is_repeated) attach_value(below_top(), slot, frame.object);
    for (const XmlAttribute& attribute : attributes) this->attribute(frame, attribute);
  }

  // --- What is wrong with an element -------------------------------------------------------------

  bool is_in_namespace(const XmlName& name) {
    if (name.space == namespace_ || name.space == fhir_namespace) return true;
    finding("structure", name.local,
            fmt::format("the namespace is {}: expected {}",
                        name.space.empty() ? "missing" : quoted(name.space), fhir_namespace));
    return false;
  }

  void unknown_element(std::string_view name) {
    const ComplexType& type = *top().type;
    const std::string_view nearest = nearest_name(name, type);
    const std::string_view owner =
        top().role == Role::primitive ? top().slot.type->name : type.name;
    finding("structure", name,
            fmt::format("{} has no element {}{}", owner, quoted(name),
                        nearest.empty() ? "" : fmt::format(": is {} meant?", quoted(nearest))));
    skip();
  }

  // xml.html: elements come in the order of the definitions.
  void check_order(const Slot& slot, std::string_view name) {
    Frame& parent = top();
    const std::size_t index = index_of(parent, slot);
    if (index < parent.latest) {
      const Element& latest = parent.type->elements[parent.latest];
      finding("structure", slot.element->name,
              fmt::format("{} is out of order: expected before {}{}", name, latest.name,
                          latest.is_choice ? "[x]" : ""));
    }
    parent.latest = std::max(parent.latest, index);
  }

  // A second type of a choice is the validator's to find.
  static bool may_follow(const Frame& parent, const Member& member, const Slot& slot) {
    if (member.count == 0) return true;
    return slot.element->is_choice && parent.object->find(slot.type->json_name) == nullptr &&
           parent.object->find("_" + std::string(slot.type->json_name)) == nullptr;
  }

  [[nodiscard]] bool is_attribute(const Frame& parent, const Element& element) const {
    if (parent.role == Role::resource) return false;
    return element.name == "id" || (parent.type == extension_type_ && element.name == "url");
  }

  static std::size_t index_of(const Frame& parent, const Slot& slot) {
    return static_cast<std::size_t>(slot.element - parent.type->elements.data());
  }

  void skip() { skipped_ = 1; }

  void too_deep() {
    parser_.stop(problem(ProblemKind::invalid, "too-long",
                         fmt::format("XML, {}: nested more than {} levels deep (json_depth_max)",
                                     parser_.position(), limits_.json_depth_max)));
  }

  // --- Attributes --------------------------------------------------------------------------------

  void attribute(Frame& frame, const XmlAttribute& attribute) {
    const std::string_view name = attribute.name.local;
    if (!attribute.name.space.empty()) {
      unknown_attribute(attribute, "FHIR has no attributes with a namespace");
    } else if (frame.role == Role::primitive && name == "value") {
      frame.value = document_.copy(attribute.value);
      frame.has_content = true;
    } else if (frame.role != Role::holder &&
               (name == "id" || (name == "url" && frame.type == extension_type_))) {
      add_member(frame, name == "id" ? "id" : "url", make(Json::Kind::string, attribute.value));
    } else if (name == "value") {
      unknown_attribute(attribute,
                        fmt::format("{} has elements, not a value",
                                    frame.role == Role::holder ? "a resource" : frame.type->name));
    } else {
      unknown_attribute(attribute,
                        frame.role == Role::primitive ? "expected value or id" : "not of FHIR");
    }
  }

  void unknown_attribute(const XmlAttribute& attribute, std::string_view what) {
    finding("structure", {},
            fmt::format("unknown attribute {}: {}", quoted(attribute.name.local), what));
  }

  // --- Values ------------------------------------------------------------------------------------

  void end_primitive() {
    Frame& frame = top();
    const Slot slot = frame.slot;
    Json* part = frame.object->size > 0 ? frame.object : nullptr;
    if (!frame.has_content && part == nullptr) {
      finding("structure", {}, "expected the attribute value, or an extension");
    }
    Json* value = nullptr;
    if (frame.has_content) {
      value = make_of(json_kind_of(slot.type->primitive), checked_value(frame));
    }
    if (part == nullptr) spare_ = frame.object;
    if (frame.is_detached) return;
    Frame& parent = below_top();
    Member& member = parent.members[index_of(parent, slot)];
    const std::string_view name = slot.type->json_name;
    if (slot.element->is_list) {
      add_item(parent, member.values, member.last_value, name, value, member.count);
      add_item(parent, member.parts, member.last_part, {}, part, member.count, name);
    } else {
      if (value != nullptr) add_member(parent, name, value);
      if (part != nullptr) add_member(parent, with_underscore(name), part);
    }
    ++member.count;
  }

  // The value as JSON writes it; where JSON could not, a stand-in beside the finding.
  std::string_view checked_value(const Frame& frame) {
    const Primitive type = frame.slot.type->primitive;
    std::string_view value = frame.value;
    const Json::Kind kind = json_kind_of(type);
    if (kind == Json::Kind::boolean && value != "true" && value != "false") {
      finding("value", {}, fmt::format("{}: expected true or false", quoted(value)));
      return "true";
    }
    if (kind == Json::Kind::number) {
      // The one form of XML that JSON has not (datatypes.html#integer).
      if (type != Primitive::decimal && value.starts_with('+')) value.remove_prefix(1);
      if (!is_json_number(value)) {
        finding("value", {},
                fmt::format("{}: expected {} number", quoted(value),
                            type == Primitive::decimal ? "a decimal" : "a whole"));
        return "1";
      }
    }
    return value;
  }

  // The markup from <div to </div>, as it is in the text.
  void end_narrative() {
    const std::size_t end = parser_.end_offset();
    const std::string_view markup = text_.substr(narrative_.begin, end - narrative_.begin);
    if (narrative_.is_detached) return;
    std::string_view div = document_.copy(markup);
    if (narrative_.inherits && markup.starts_with("<div")) {
      div = document_.copy(fmt::format("<div xmlns=\"{}\"{}", xhtml_namespace, markup.substr(4)));
    }
    attach_value(top(), narrative_.slot, make_of(Json::Kind::string, div));
  }

  // An object or narrative that has begun or ended, as a member or a list's next item.
  void attach_value(Frame& parent, const Slot& slot, Json* value) {
    Member& member = parent.members[index_of(parent, slot)];
    const std::string_view name = slot.type->json_name;
    if (slot.element->is_list) {
      add_item(parent, member.values, member.last_value, name, value, member.count);
    } else {
      add_member(parent, name, value);
    }
    ++member.count;
  }

  // Appends `item` to the list, which is made for its first item: with null for each of the `count`
  // before (json.html: arrays of primitives). `item` may be nullptr.
  void add_item(Frame& parent, Json*& list, Json*& last, std::string_view name, Json* item,
                std::uint32_t count, std::string_view underscored = {}) {
    if (list == nullptr) {
      if (item == nullptr) return;
      list = make(Json::Kind::array);
      add_member(parent, underscored.empty() ? name : with_underscore(underscored), list);
      for (std::uint32_t at = 0; at < count; ++at) append(*list, last, make(Json::Kind::null));
    }
    append(*list, last, item != nullptr ? item : make(Json::Kind::null));
  }

  static void add_member(Frame& frame, std::string_view name, Json* value) {
    value->key = name;
    append(*frame.object, frame.last, value);
  }

  static void append(Json& container, Json*& last, Json* child) {
    (last == nullptr ? container.first : last->next) = child;
    last = child;
    ++container.size;
  }

  std::string_view with_underscore(std::string_view name) {
    return document_.copy("_" + std::string(name));
  }

  // The object for a primitive's id and extensions, which most do not have: then the next gets it.
  Json* take_spare() {
    return spare_ != nullptr ? std::exchange(spare_, nullptr) : make(Json::Kind::object);
  }

  Json* make(Json::Kind kind, std::string_view text = {}) {
    return make_of(kind, document_.copy(text));
  }

  // `text` lives in the document.
  Json* make_of(Json::Kind kind, std::string_view text) {
    if (nodes_++ == limits_.json_nodes_max) {
      parser_.stop(problem(ProblemKind::invalid, "too-costly",
                           fmt::format("XML, {}: more than {} values (json_nodes_max)",
                                       parser_.position(), limits_.json_nodes_max)));
    }
    return document_.make(kind, {}, text);
  }

  // --- Findings ----------------------------------------------------------------------------------

  // At the innermost open element, or at its child `name`.
  void finding(std::string_view code, std::string_view name, const std::string& what) {
    std::vector<Place> places;
    places.reserve(depth_ + 1);  // each points to the one before
    const auto add = [&places](std::string_view place_name, std::ptrdiff_t index) {
      places.push_back({places.empty() ? nullptr : &places.back(), place_name, index});
    };
    for (std::size_t at = 0; at < depth_; ++at) {
      const Frame& frame = frames_[at];
      if (at == 0) add(frame.type->name, -1);
      if (frame.slot.element != nullptr) add(frame.slot.element->name, frame.index);
    }
    if (!name.empty()) add(name, -1);
    findings_.add(code, places.back(), fmt::format("{}: {}", parser_.position(), what));
  }

  struct Narrative {
    std::size_t open = 0;  // its elements that are open; 0: there is no narrative
    std::size_t begin = 0;
    Slot slot;
    bool inherits = false;  // its namespace is declared by an element around it
    bool is_detached = false;
  };

  std::string_view text_;
  const Limits& limits_;
  const ComplexType* element_type_ = Definitions::r4().complex_type("Element");
  const ComplexType* extension_type_ = Definitions::r4().complex_type("Extension");
  JsonDocument document_;
  Findings findings_;
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;  // frames in use
  std::size_t open_ = 0;   // elements that are open, those that are skipped and narrative too
  std::size_t skipped_ = 0;
  std::size_t nodes_ = 0;
  std::string namespace_;
  Narrative narrative_;
  Json* spare_ = nullptr;
  XmlParser parser_;
};

Result<TreeReader::Read> read_tree(std::string_view text, const Limits& limits) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return TreeReader(text, limits).read();
}

}  // namespace

Result<JsonDocument> parse_xml(std::string_view text, const Limits& limits) {
  TRY(TreeReader::Read read, read_tree(text, limits));
  if (!read.issues.empty()) return Problem{ProblemKind::invalid, std::move(read.issues)};
  return std::move(read.document);
}

Result<Resource> parse_resource_xml(std::string_view text, const Limits& limits) {
  TRY(TreeReader::Read read, read_tree(text, limits));
  std::vector<Issue>& issues = read.issues;
  if (issues.size() < limits.issues_max) {
    Limits rest = limits;
    rest.issues_max -= issues.size();
    for (Issue& issue : validate(*read.document.root(), {}, rest)) {
      issues.push_back(std::move(issue));
    }
  }
  if (!issues.empty()) return Problem{ProblemKind::invalid, std::move(issues)};
  TRY(const ResourceType* type, resource_type_of(*read.document.root()));
  return Resource{.document = std::move(read.document), .type = type};
}

}  // namespace lightbox::fhir
