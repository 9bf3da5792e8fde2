// Uses imgcls::imgcls from a project of its own: makes a model and counts its parameters.
#include <imgcls/models/registry.h>

#include <iostream>

int main() {
  const auto model = imgcls::models::create("resnet18");
  std::cout << "resnet18: " << model.parameter_count() << " parameters\n";
  return model.parameter_count() == 11689512 ? 0 : 1;  // torchvision's number
}
