#include "dicomweb/instance_form.h"

#include <algorithm>
#include <fmt/format.h>

#include "dicom/frames.h"
#include "dicomweb/media_types.h"
#include "ingest/transcode.h"

namespace lightbox::dicomweb {
namespace {

using Container = InstanceForm::Container;

// What an instance stored in `stored` can go out in, when `wanted` is asked for.
std::optional<std::string> as(std::string_view wanted, std::string_view stored) {
  if (wanted == "*") {
    return std::string(is_for_the_web(stored) ? stored : explicit_little_endian);
  }
  if (wanted == stored && is_for_the_web(stored)) return std::string(stored);
  const bool is_default = wanted.empty();
  if ((is_default || wanted == explicit_little_endian) && dicom::is_native(stored)) {
    return std::string(explicit_little_endian);
  }
  // 8.7.3: pixel data that there is in a lossy form only goes out in that; as does what is not
  // known.
  const std::string_view target = is_default ? explicit_little_endian : wanted;
  if (is_default && (is_lossy(stored) || !ingest::can_transcode(stored, target))) {
    return std::string(stored);
  }
  return ingest::can_transcode(stored, target) ? std::optional<std::string>(target) : std::nullopt;
}

std::optional<Container> container_of(const Accept& accept, const Acceptable& one,
                                      std::size_t count) {
  if (accept.has(one, "application/dicom", Form::multipart)) return Container::multipart;
  if (accept.has(one, "application/zip", Form::single)) return Container::zip;
  if (count == 1 && accept.has(one, "application/dicom", Form::single)) return Container::single;
  return std::nullopt;
}

// Others that are taken in the same container.
InstanceForm form_of(const Accept& accept, Container container, std::size_t count) {
  InstanceForm form{.container = container, .transfer_syntaxes = {}};
  for (const Acceptable& one : accept.all()) {
    if (container_of(accept, one, count) == container) {
      form.transfer_syntaxes.push_back(one.transfer_syntax);
    }
  }
  return form;
}

}  // namespace

std::optional<std::string> InstanceForm::transfer_syntax_for(std::string_view stored) const {
  for (const std::string& wanted : transfer_syntaxes) {
    if (auto found = as(wanted, stored)) return found;
  }
  return std::nullopt;
}

Result<InstanceForm> choose_instance_form(const Accept& accept, std::size_t count,
                                          std::span<const std::string> stored) {
  std::string_view impossible;
  for (const Acceptable& one : accept.all()) {
    const auto container = container_of(accept, one, count);
    if (!container) continue;
    InstanceForm form = form_of(accept, *container, count);
    const auto refused = std::ranges::find_if(
        stored, [&](const std::string& uid) { return !form.transfer_syntax_for(uid); });
    if (refused == stored.end()) return form;
    impossible = *refused;
  }
  std::string possible = R"(multipart/related; type="application/dicom" or application/zip)";
  if (count == 1) possible += " or application/dicom";
  possible += ", with transfer-syntax=1.2.840.10008.1.2.1 or *";
  if (!impossible.empty()) {
    possible += fmt::format(" or {}, which an instance is stored in", impossible);
  }
  return accept.refusal(possible);
}

}  // namespace lightbox::dicomweb
