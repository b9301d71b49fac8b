#include "runtime/flags.h"

#include <algorithm>
#include <cctype>

namespace xebec::runtime {

std::vector<std::string> FlagArguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  bool flags = true;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--") flags = false;
    // Not a flag of one letter, nor a negative number.
    const bool one_dash = argument.size() > 2 && argument[0] == '-' && argument[1] != '-' &&
                          std::isalpha(static_cast<unsigned char>(argument[1])) != 0;
    if (flags && one_dash) argument.insert(0, "-");
    arguments.push_back(std::move(argument));
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

}  // namespace xebec::runtime
