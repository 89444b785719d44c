#include "fhir/element_edit.h"

#include <algorithm>
#include <string>

#include "fhir/json_edit.h"

namespace lightbox::fhir {
namespace {

std::string sibling_name(std::string_view name) { return "_" + std::string(name); }

// The member is of the element: its value in one of its types, or that one's sibling.
bool is_of(std::string_view key, const Element& element) {
  if (key.starts_with('_')) key.remove_prefix(1);
  return std::ranges::find(element.types, key, &ElementType::json_name) != element.types.end();
}

// The two arrays of a list while it is being changed: both of one length, null where there is
// nothing. close() removes what is not needed.
class List {
 public:
  List(JsonDocument& document, Json& owner, const ElementType& type)
      : document_(document), owner_(owner), type_(type) {
    const std::size_t size = list_size(owner, type);
    values_ = opened(type.json_name, size);
    if (type.primitive != Primitive::none) extras_ = opened(sibling_name(type.json_name), size);
  }
  ~List() {
    close(type_.json_name, values_);
    if (extras_ != nullptr) close(sibling_name(type_.json_name), extras_);
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  void insert(std::size_t index, const ElementContent& content) {
    insert_at(*values_, link_at(*values_, index), or_null(content.value));
    if (extras_ == nullptr) return;
    insert_at(*extras_, link_at(*extras_, index), or_null(content.extras));
  }

  ElementContent take(std::size_t index) {
    ElementContent content;
    content.value = take_at(*values_, link_at(*values_, index));
    if (extras_ != nullptr) content.extras = take_at(*extras_, link_at(*extras_, index));
    return content;
  }

  Json& extras(std::size_t index) {
    Json** link = link_at(*extras_, index);
    if (!(*link)->is(Json::Kind::object)) replace_at(link, document_.make(Json::Kind::object));
    return **link;
  }

 private:
  Json* opened(std::string_view name, std::size_t size) {
    Json** link = link_to(owner_, name);
    if (*link == nullptr) {
      insert_at(owner_, link, document_.make(Json::Kind::array, document_.copy(name)));
    } else if (!(*link)->is(Json::Kind::array)) {
      replace_at(link, document_.make(Json::Kind::array, (*link)->key));
    }
    Json* array = *link;
    Json** end = link_at(*array, array->size);
    while (array->size < size) {
      insert_at(*array, end, or_null(nullptr));
      end = &(*end)->next;
    }
    return array;
  }

  void close(std::string_view name, const Json* array) {
    for (const Json* item = array->first; item != nullptr; item = item->next) {
      if (!item->is(Json::Kind::null)) return;
    }
    take_at(owner_, link_to(owner_, name));
  }

  Json* or_null(Json* json) { return json != nullptr ? json : document_.make(Json::Kind::null); }

  JsonDocument& document_;
  Json& owner_;
  const ElementType& type_;
  Json* values_ = nullptr;
  Json* extras_ = nullptr;
};

void set_member(JsonDocument& document, Json& owner, Json** at, std::string_view name,
                Json* value) {
  if (value == nullptr) return;
  value->key = document.copy(name);
  insert_at(owner, at, value);
}

// Nothing in it, or nothing but null.
bool is_void(const Json& json) {
  for (const Json* child = json.first; child != nullptr; child = child->next) {
    if (!json.is(Json::Kind::array) || !child->is(Json::Kind::null)) return false;
  }
  return true;
}

// Whether `emptied` was below `parent`.
bool remove_below(JsonDocument& document, Json& parent, const Json& emptied) {
  for (Json** link = &parent.first; *link != nullptr; link = &(*link)->next) {
    Json& child = **link;
    if (&child != &emptied && !remove_below(document, child, emptied)) continue;
    if (!is_void(child)) return true;
    // In a list of extensions each place belongs to a value.
    const bool keeps_place = parent.is(Json::Kind::array) && parent.key.starts_with('_');
    if (keeps_place) {
      replace_at(link, document.make(Json::Kind::null));
    } else {
      take_at(parent, link);
    }
    return true;
  }
  return false;
}

}  // namespace

bool has_element(const Json& owner, const Element& element) {
  for (const Json* member = owner.first; member != nullptr; member = member->next) {
    if (is_of(member->key, element)) return true;
  }
  return false;
}

std::size_t list_size(const Json& owner, const ElementType& type) {
  const auto size_of = [&](std::string_view name) -> std::size_t {
    const Json* array = owner.find(name);
    return array != nullptr && array->is(Json::Kind::array) ? array->size : 0;
  };
  return std::max(size_of(type.json_name), size_of(sibling_name(type.json_name)));
}

void set_element(JsonDocument& document, Json& owner, const Element& element,
                 const ElementType& type, const ElementContent& content) {
  Json** at = &owner.first;
  while (*at != nullptr && !is_of((*at)->key, element)) at = &(*at)->next;
  // What is taken out stands at or behind `at`.
  remove_element(owner, element);
  set_member(document, owner, at, sibling_name(type.json_name), content.extras);
  set_member(document, owner, at, type.json_name, content.value);
}

void remove_element(Json& owner, const Element& element) {
  for (Json** link = &owner.first; *link != nullptr;) {
    if (is_of((*link)->key, element)) {
      take_at(owner, link);
    } else {
      link = &(*link)->next;
    }
  }
}

void insert_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t index,
                 const ElementContent& content) {
  List(document, owner, type).insert(index, content);
}

void replace_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t index,
                  const ElementContent& content) {
  List list(document, owner, type);
  list.take(index);
  list.insert(index, content);
}

void remove_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t index) {
  List(document, owner, type).take(index);
}

void move_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t from,
               std::size_t to) {
  List list(document, owner, type);
  list.insert(to, list.take(from));
}

void remove_emptied(JsonDocument& document, Json& root, const Json& emptied) {
  remove_below(document, root, emptied);
}

Json& extras_of(JsonDocument& document, Json& owner, const Element& element,
                const ElementType& type, std::size_t index) {
  if (element.is_list) return List(document, owner, type).extras(index);
  const std::string name = sibling_name(type.json_name);
  Json** link = link_to(owner, name);
  if (*link == nullptr) {
    insert_at(owner, link, document.make(Json::Kind::object, document.copy(name)));
  } else if (!(*link)->is(Json::Kind::object)) {
    replace_at(link, document.make(Json::Kind::object, (*link)->key));
  }
  return **link;
}

}  // namespace lightbox::fhir
