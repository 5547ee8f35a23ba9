//! SMIv1/SMIv2 compiler: names, values, lint and code generation.
