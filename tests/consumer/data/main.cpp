// Uses imgcls::data from a project of its own: the generator, a data set, the errors.
#include <imgcls/core/error.h>
#include <imgcls/core/philox.h>
#include <imgcls/data.h>

#include <iostream>

int main() {
  imgcls::Random random(0, 0, 0, imgcls::RandomStream::augment);
  const auto bits = random.bits();
  std::cout << "first random bits: " << std::hex << bits << '\n';
  if (bits != 0x6627e8d5) return 1;  // Random123's known answer for key 0 and counter 0
  try {
    imgcls::data::open_folder("no/such/folder");
  } catch (const imgcls::DataError& error) {
    std::cout << "caught: " << error.what() << '\n';
    return 0;
  }
  std::cerr << "open_folder(\"no/such/folder\") threw nothing\n";
  return 1;
}
