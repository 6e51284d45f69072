// Carries the precompiled <catch2/catch.hpp> for every test.
