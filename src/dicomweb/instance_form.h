#pragma once

// In which form instances go out (PS3.18 8.7.3.2, 8.7.8.2). Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dicomweb/accept.h"

namespace lightbox::dicomweb {

struct InstanceForm {
  enum class Container : unsigned char {
    multipart,  // of application/dicom
    single,     // one application/dicom
    zip,
  };
  Container container = Container::multipart;
  // The best first: UIDs, "*", or "" for the default. For each instance the first that it can have
  // is taken.
  std::vector<std::string> transfer_syntaxes;

  // What an instance stored in `stored` goes out in; nullopt: in none that is taken.
  [[nodiscard]] std::optional<std::string> transfer_syntax_for(std::string_view stored) const;
};

// Of so many instances, stored in these transfer syntaxes. not_acceptable when one of them cannot
// go out as it is asked for.
Result<InstanceForm> choose_instance_form(const Accept& accept, std::size_t count,
                                          std::span<const std::string> stored);

}  // namespace lightbox::dicomweb
