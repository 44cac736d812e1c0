package org.drag4j.cli.option;

import picocli.CommandLine.Mixin;

/** The flags of what works with a model on a device and prints a result. */
public final class RunOptions {
  @Mixin public final ModelOption model = new ModelOption();
  @Mixin public final EngineOptions engine = new EngineOptions();
  @Mixin public final OutputOptions show = new OutputOptions();
}
