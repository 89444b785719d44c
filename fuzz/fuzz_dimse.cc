// What a DICOM peer sends first, and its commands: never a crash, and a command that is read is
// read the same from what is written of it.

#include <cstdlib>
#include <string_view>

#include "dimse/associate_check.h"
#include "dimse/command_set.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::dimse;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)is_well_formed_associate(bytes);
  (void)is_well_formed_accept(bytes);
  const auto command = CommandSet::parse(bytes);
  if (!command) return 0;
  const std::string encoded = command->encode();
  const auto again = CommandSet::parse(encoded);
  if (!again || again->encode() != encoded) std::abort();
  return 0;
}
