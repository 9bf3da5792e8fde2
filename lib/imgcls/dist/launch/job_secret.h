#pragma once
// The secret by which ranks of a TCP job know each other, where the user gives it. Internal to
// dist/.

#include <string>

namespace imgcls::dist {

/// What ranks say to each other when the user gave them a secret: a digest of the text in the
/// environment variable IMGCLS_SECRET, or in the file that IMGCLS_SECRET_FILE names, without the
/// end of its last line. Empty where neither is set. Throws DistError for an empty secret, for both
/// variables at once, and IoError for a file that cannot be read.
std::string given_secret();

}  // namespace imgcls::dist
