#pragma once
// What `imgcls data check` found, as a page.

#include <imgcls/prepare/check_data.h>

#include <string>
#include <string_view>

namespace imgcls::cli {

/// "the same image in training and evaluation": what is said of such groups.
std::string_view spread_text(data::DuplicateSpread spread);

/// "data.mean=[0.4850,0.4560,0.4060] data.std=[...]": as a configuration takes it.
std::string normalization_text(const data::DataCheck& check);

/// The page, in one file (data_page.h). `root` is what was looked at.
std::string check_page(const data::DataCheck& check, std::string_view root);

}  // namespace imgcls::cli
