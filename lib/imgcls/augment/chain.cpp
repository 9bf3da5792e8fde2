#include <imgcls/augment/chain.h>
#include <imgcls/augment/color_jitter.h>
#include <imgcls/augment/fixed_operations.h>
#include <imgcls/augment/one_of.h>
#include <imgcls/augment/random_blur.h>
#include <imgcls/augment/random_erase.h>
#include <imgcls/augment/random_geometry.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace imgcls::data {
namespace {

/// An operation without options.
PolicyEntry plain_operation(std::string name, std::string summary) {
  const auto make = [name](const std::any&) {
    return std::make_unique<const FixedOperation>(pixel_step(name));
  };
  return {.name = std::move(name), .summary = std::move(summary), .own = {}, .make = make};
}

std::vector<PolicyEntry> known_operations() {
  return {
      policy_entry<ColorJitter>(
          "color_jitter",
          "Brightness, contrast, saturation and hue, in random order: torchvision's ColorJitter",
          color_jitter_fields()),
      plain_operation("grayscale", "Grey, in three equal channels"),
      policy_entry<RandomBlur>("gaussian_blur", "torchvision's GaussianBlur", random_blur_fields()),
      policy_entry<RandomPillowBlur>("gaussian_blur_pillow",
                                     "Pillow's GaussianBlur, as DINO and DeiT III have it",
                                     random_pillow_blur_fields()),
      policy_entry<Solarize>("solarize", "Values from a threshold on, inverted", solarize_fields()),
      policy_entry<Posterize>("posterize", "The upper bits of each value", posterize_fields()),
      policy_entry<Sharpness>("sharpness", "torchvision's RandomAdjustSharpness",
                              sharpness_fields()),
      plain_operation("autocontrast", "Each channel stretched to 0 .. 255"),
      plain_operation("equalize", "Each channel's histogram made even"),
      plain_operation("invert", "The negative"),
      plain_operation("vertical_flip", "Upside down"),
      policy_entry<RandomRotation>("rotation", "torchvision's RandomRotation",
                                   random_rotation_fields()),
      policy_entry<RandomAffine>("affine", "torchvision's RandomAffine", random_affine_fields()),
      policy_entry<RandomPerspective>("perspective", "torchvision's RandomPerspective",
                                      random_perspective_fields()),
      policy_entry<RandomErase>("erase", "torchvision's RandomErasing", random_erase_fields()),
      policy_entry<OneOf>("one_of", "One of several operations, torchvision's RandomChoice",
                          one_of_fields()),
  };
}

}  // namespace

Registry<PolicyEntry>& chain_operations() {
  static Registry<PolicyEntry> known("augment", "operations", known_operations());
  return known;
}

Chain::Chain(const std::vector<ChosenOperation>& operations) {
  for (const ChosenOperation& each : operations) {
    if (!(each.p >= 0 && each.p <= 1)) {
      throw ConfigError(
          fmt::format("augment.operations: {} has a probability of {}; expected 0 "
                      "to 1",
                      each.name, each.p));
    }
    add(chain_operations().at(each.name).make(each.own), each.p);
  }
}

void Chain::add(std::unique_ptr<const Policy> operation, double p) {
  if (operation != nullptr) links_.push_back({std::move(operation), p});
}

std::vector<PixelStep> Chain::draw(Size size, Random& random) const {
  std::vector<PixelStep> steps;
  for (const auto& [operation, p] : links_) {
    if (p < 1 && !(single_uniform(random) < p)) continue;
    const std::vector<PixelStep> drawn = operation->draw(size, random);
    steps.insert(steps.end(), drawn.begin(), drawn.end());
  }
  return steps;
}

nlohmann::json operations_schema() {
  const nlohmann::json common = {{"p",
                                  {{"type", "number"},
                                   {"minimum", 0},
                                   {"maximum", 1},
                                   {"default", 1},
                                   {"description", "Probability with which it is done."}}}};
  return chain_operations().list_schema("Which operation.", common);
}

std::vector<ChosenOperation> read_operations(const nlohmann::json& list) {
  std::vector<ChosenOperation> operations;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const nlohmann::json& element = list[i];
    const std::string name = element.at("name");
    try {
      operations.push_back({.name = name,
                            .p = element.value("p", 1.0),
                            .own = chain_operations().at(name).own.read(element)});
    } catch (const OptionError& e) {
      throw OptionError(fmt::format("[{}].{}", i, e.option()), e.must());
    }
  }
  return operations;
}

nlohmann::json write_operations(const std::vector<ChosenOperation>& operations) {
  nlohmann::json list = nlohmann::json::array();
  for (const ChosenOperation& each : operations) {
    nlohmann::json element = chain_operations().at(each.name).own.write(each.own);
    element["name"] = each.name;
    element["p"] = each.p;
    list.push_back(std::move(element));
  }
  return list;
}

}  // namespace imgcls::data
