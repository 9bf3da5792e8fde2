// ./dev schema: writes configs/schema.json and the list of keys in docs/configuration.md anew, from
// the tables of options.
#include <imgcls/core/file.h>
#include <imgcls/train/config_schema.h>

#include <fmt/format.h>

#include <filesystem>

#include "paths.h"

int main() {
  const std::filesystem::path source = IMGCLS_SOURCE_DIR;
  const auto schema = source / "configs/schema.json", page = source / "docs/configuration.md";
  const std::string made = imgcls::train::schema_from_tables(imgcls::read_text(schema));
  const std::string text = imgcls::read_text(page), keys = "## All keys\n";
  imgcls::replace_file(schema, made);
  imgcls::replace_file(
      page, text.substr(0, text.find(keys)) + keys + imgcls::train::keys_as_markdown(made));
  fmt::print("wrote {} and {}\n", schema.string(), page.string());
}
