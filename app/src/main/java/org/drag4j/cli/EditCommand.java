package org.drag4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.method.Documents;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.session.Editor;
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
    description =
        "Edit a picture as an edit document says (format drag-edit/2; drag-edit/1 is read too).",
    mixinStandardHelpOptions = true)
final class EditCommand implements Callable<Integer> {
  private static final int MAX_SEEDS = 64;

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
      description =
          "The edited picture; with --seeds the sheet. Default: DOC-edited.png in the current"
              + " folder.")
  Optional<Path> output = Optional.empty();

  @Option(
      names = "--seeds",
      paramLabel = "K",
      description =
          "Edit with K seeds from the document's on: OUT-SEED.png for each, and all of them on one"
              + " sheet.")
  Optional<Integer> seeds = Optional.empty();

  @Option(
      names = "--explain",
      description =
          "Print the complete document and do nothing; without a document, the parameters of"
              + " --method.")
  boolean explain;

  @Option(names = "--schema", description = "Print the JSON schema of documents and do nothing.")
  boolean schema;

  @Mixin final DocumentOptions options = new DocumentOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();
  @Mixin final ModelOption model = new ModelOption();
  @Mixin final EngineOptions engine = new EngineOptions();
  @Mixin final InversionOptions inversions = new InversionOptions();
  @Mixin final OutputOptions show = new OutputOptions();
  @Mixin final GlimpseOptions glimpses = new GlimpseOptions();
  @Mixin final MetadataOption metadata = new MetadataOption();

  EditCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    engine.check(spec);
    var stdout = spec.commandLine().getOut();
    if (schema) {
      stdout.print(Documents.schema());
      stdout.flush();
      return ExitCode.OK;
    }
    if (explain && document.isEmpty() && options.method.isPresent()) {
      stdout.print(Documents.help(options.method.get()));
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
    engine.prepare();
    var out = output.orElseGet(() -> EditRun.defaultOutput(file));
    EditRun.requireOutput(spec, out);
    var edit = EditRun.open(file, options, image);
    EditRun.requireOutput(spec, out, edit.picture(), file);
    glimpses.check(spec, out, edit.picture(), file);
    inversions.open(spec, engine);
    try (var progress = show.progress(spec, host)) {
      if (seeds.isPresent()) {
        several(file, edit, seeds.get(), out, progress);
        return ExitCode.OK;
      }
      var folder = edit.model(model.folder);
      var result = edit.run(folder, engine, inversions, progress, glimpses.glimpse(out, progress));
      var texts = metadata.of(() -> edit.texts(result, folder, out, engine));
      EditRun.save(result.picture(), out, texts, progress);
      progress.finish();
      engine.printTrace(spec);
      show.print(spec, edit.json(result, out, engine, progress), out.toString());
    }
    return ExitCode.OK;
  }

  /** One edit of another seed. */
  private record Sown(Path picture, EditRun edit) {}

  /** Checks everything before the first edit. */
  private List<Sown> sown(Path file, EditRun edit, int count, Path out) throws IOException {
    long first = edit.document().seed();
    if (count < 1 || count > MAX_SEEDS || first > Long.MAX_VALUE - count) {
      throw new ParameterException(
          spec.commandLine(),
          "--seeds: expected 1 to " + MAX_SEEDS + " seeds of 63 bits, got " + count);
    }
    var all = new ArrayList<Sown>();
    for (int i = 0; i < count; i++) {
      long seed = first + i;
      var picture = out.resolveSibling(EditRun.stem(out) + "-" + seed + ".png");
      EditRun.requireOutput(spec, picture, edit.picture(), file, out);
      all.add(
          new Sown(
              picture,
              new EditRun(
                  edit.documentFolder(),
                  edit.document().withSeed(seed),
                  edit.original(),
                  edit.hash())));
    }
    return all;
  }

  private void several(Path file, EditRun edit, int count, Path out, ConsoleProgress progress)
      throws IOException {
    var all = sown(file, edit, count, out);
    var folder = edit.model(model.folder);
    var rows = new ArrayList<Map<String, Object>>();
    var cells = new ArrayList<ContactSheet.Cell>();
    cells.add(new ContactSheet.Cell("original", edit.original()));
    engine.run(
        folder,
        Pipeline.Residency.KEEP,
        progress,
        pipeline -> {
          inversions.use(pipeline);
          for (var one : all) {
            rows.add(one(one, folder, pipeline, progress, cells));
          }
          return rows;
        });
    EditRun.save(ContactSheet.of(cells), out, Map.of(), progress);
    progress.finish();
    engine.printTrace(spec);
    var json = new LinkedHashMap<String, Object>();
    json.put("sheet", out.toString());
    json.put("runs", rows);
    var lines = new ArrayList<String>();
    all.forEach(one -> lines.add(one.picture().toString()));
    lines.add(out.toString());
    show.print(spec, json, lines.toArray(String[]::new));
  }

  private Map<String, Object> one(
      Sown one,
      Path folder,
      Pipeline pipeline,
      ConsoleProgress progress,
      List<ContactSheet.Cell> cells) {
    long started = System.nanoTime();
    var edit = one.edit();
    var result =
        Editor.edit(
            edit.document(),
            edit.original(),
            pipeline,
            progress,
            glimpses.glimpse(one.picture(), progress));
    var texts = metadata.of(() -> edit.texts(result, folder, one.picture(), engine));
    try {
      EditRun.save(result.picture(), one.picture(), texts, progress);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cells.add(new ContactSheet.Cell("seed " + edit.document().seed(), result.picture()));
    var row = edit.json(result, one.picture(), engine, progress);
    // This one's own, not what all together took so far.
    row.put("seconds", Math.rint((System.nanoTime() - started) / 1e6) / 1e3);
    return row;
  }
}
