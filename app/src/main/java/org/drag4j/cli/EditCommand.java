package org.drag4j.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.edit.EditDocument;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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

  @Parameters(
      paramLabel = "DOC.json",
      arity = "0..1",
      description =
          "The document; file names are relative to it. Or a PNG that was edited before: the"
              + " document it carries.")
  Optional<Path> document = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      description = "The edited picture. Default: DOC-edited.png in the current folder.")
  Optional<Path> output = Optional.empty();

  @Option(names = "--explain", description = "Print the complete document and do nothing.")
  boolean explain;

  @Option(names = "--schema", description = "Print the JSON schema of documents and do nothing.")
  boolean schema;

  @Mixin final DocumentOptions options = new DocumentOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();
  @Mixin final ModelOption model = new ModelOption();
  @Mixin final EngineOptions engine = new EngineOptions();
  @Mixin final OutputOptions show = new OutputOptions();
  @Mixin final MetadataOption metadata = new MetadataOption();

  EditCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    engine.check(spec);
    var stdout = spec.commandLine().getOut();
    if (schema) {
      stdout.print(EditDocument.schema());
      stdout.flush();
      return ExitCode.OK;
    }
    var file =
        document.orElseThrow(() ->
            new ParameterException(
                spec.commandLine(), "edit: expected a document, got none; name its file"));
    if (explain) {
      stdout.print(image.applied(EditRun.document(file, options)).toJson());
      stdout.flush();
      return ExitCode.OK;
    }
    var out = output.orElseGet(() -> EditRun.defaultOutput(file));
    EditRun.requireOutput(spec, out);
    var edit = EditRun.open(file, options, image);
    EditRun.requireOutput(spec, out, edit.picture(), file);
    try (var progress = show.progress(spec, host)) {
      var folder = edit.model(model.folder);
      var result = edit.run(folder, engine, progress);
      var texts = metadata.of(() -> edit.texts(result, folder, out, engine));
      EditRun.save(result.picture(), out, texts, progress);
      progress.finish();
      engine.printTrace(spec);
      show.print(spec, edit.json(result, out, engine, progress), out.toString());
    }
    return ExitCode.OK;
  }
}
