package org.drag4j.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j edit}: carries out an edit document. */
@Command(
    name = "edit",
    description = "Edit a picture as an edit document says (format drag-edit/1).",
    mixinStandardHelpOptions = true)
final class EditCommand implements Callable<Integer> {
  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DOC.json", description = "The document; file names are relative to it.")
  Path file = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      description = "The edited picture. Default: DOC-edited.png in the current folder.")
  Optional<Path> output = Optional.empty();

  @Option(
      names = {"-s", "--seed"},
      paramLabel = "N",
      description = "Instead of the document's.")
  Optional<Long> seed = Optional.empty();

  @Option(names = "--steps", paramLabel = "N", description = "Instead of the document's.")
  Optional<Integer> steps = Optional.empty();

  @Mixin final ModelOption model = new ModelOption();
  @Mixin final EngineOptions engine = new EngineOptions();
  @Mixin final OutputOptions show = new OutputOptions();

  EditCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    engine.check(spec);
    var out = output.orElseGet(() -> EditRun.defaultOutput(file));
    EditRun.requireOutput(spec, out, Optional.empty());
    var edit = EditRun.open(file, seed, steps);
    EditRun.requireOutput(spec, out, Optional.of(edit.picture()));
    try (var progress = show.progress(spec, host)) {
      var result = edit.run(edit.model(model.folder), engine, progress);
      EditRun.save(result.picture(), out, progress);
      progress.finish();
      engine.printTrace(spec);
      show.print(spec, edit.json(result, out, engine), out.toString());
    }
    return ExitCode.OK;
  }
}
