#pragma once
// All of imgcls/data.

#include <imgcls/data/decode.h>
#include <imgcls/data/image.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/sampler.h>
#include <imgcls/data/source.h>
#include <imgcls/data/transform.h>
