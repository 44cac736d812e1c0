package org.drag4j.cli.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drag4j model}: looks at models and makes random ones. */
@Command(
    name = "model",
    description = "Look at a model, or write a random one to measure with.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "info|random")
public final class ModelCommand implements Runnable {
  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "model: expected info or random, got nothing");
  }
}
