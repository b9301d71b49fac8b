#pragma once

#include <string>
#include <vector>

namespace xebec::runtime {

// The arguments of a program (without its name) as CLI11's App::parse(std::vector<std::string>)
// takes them: last one first, and with `-name` written as `--name`, so that both mean the same in
// every program, as in Go. A flag with a name of one letter is to be declared in both forms
// ("-n,--n"): `-n=5` becomes `--n=5`. What follows `--` is left as it is.
std::vector<std::string> FlagArguments(int argc, const char* const* argv);

}  // namespace xebec::runtime
