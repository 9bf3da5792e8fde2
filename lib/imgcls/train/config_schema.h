#pragma once
// configs/schema.json and the list of keys in docs/configuration.md, from the tables of options.
// The order of sections and keys, and what is said of a section that is there already, stay as the
// file has them.

#include <string>
#include <string_view>

namespace imgcls::train {

/// The text of configs/schema.json: `text`, with each option that a table has as the table says.
std::string schema_from_tables(std::string_view text);

/// A Markdown table of keys for each section of a schema.
std::string keys_as_markdown(std::string_view schema_text);

}  // namespace imgcls::train
