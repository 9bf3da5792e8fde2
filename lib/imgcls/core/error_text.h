#pragma once
// What to tell people of an exception, whoever threw it.

#include <exception>
#include <string>

namespace imgcls {

/// The message of `error` for a user: without LibTorch's list of stack frames, with the path that
/// the standard library's file system could not use.
std::string error_text(const std::exception& error);

}  // namespace imgcls
