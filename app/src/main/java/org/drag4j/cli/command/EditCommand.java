package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.DocumentOptions;
import org.drag4j.cli.option.EditOptions;
import org.drag4j.cli.option.GlimpseOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Engine;
import org.drag4j.engine.Job;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Place;
import org.drag4j.engine.Provenance;
import org.drag4j.geometry.View;
import org.drag4j.method.Documents;
import org.drag4j.picture.PictureMetadata;
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
public final class EditCommand implements Callable<Integer> {
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
          "The edited picture; with --seeds the sheet, which shows the part that is edited."
              + " Default: DOC-edited.png in the current folder.")
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

  @Mixin final EditOptions options = new EditOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();
  @Mixin final GlimpseOptions glimpses = new GlimpseOptions();

  /** Runs in this process. */
  public EditCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    var stdout = spec.commandLine().getOut();
    if (schema) {
      stdout.print(Documents.schema());
      stdout.flush();
      return ExitCode.OK;
    }
    if (explain && document.isEmpty() && options.document.method().isPresent()) {
      stdout.print(Documents.help(options.document.method().get()));
      stdout.flush();
      return ExitCode.OK;
    }
    var file =
        document.orElseThrow(() ->
            new ParameterException(
                spec.commandLine(), "edit: expected a document, got none; name its file"));
    var progress = options.run.show.progress(spec, host);
    if (explain) {
      stdout.print(image.applied(options.document.read(file, progress::warn)).toJson());
      stdout.flush();
      return ExitCode.OK;
    }
    options.run.engine.setup().prepare();
    var out =
        options.overwrite.picture(
            spec, output.orElseGet(() -> OutputFile.edited(file)), Optional.of(file));
    var changed = image.applied(options.document.read(file, progress::warn));
    var edit = Edit.of(Edit.folder(file), changed, image.file(), progress::warn);
    out.check(edit.picture(), file);
    glimpses.check(spec, out, edit.picture(), file);
    var keeping = options.keeping(spec, seeds.isPresent() ? Keeping.WEIGHTS : Keeping.NOTHING);
    try (progress) {
      if (seeds.isPresent()) {
        several(file, edit, seeds.get(), out, keeping, progress);
        return ExitCode.OK;
      }
      var folder = options.run.model.of(edit);
      var edited =
          Edited.of(
              edit, folder, out, options.run.engine, keeping, glimpses, options.metadata, progress);
      edited.save(options.metadata, progress);
      edited.print(spec, options.run, progress);
    }
    return ExitCode.OK;
  }

  /** One edit of another seed. */
  private record Sown(OutputFile picture, Edit edit) {}

  /** Checks everything before the first edit. */
  private List<Sown> sown(Path file, Edit edit, int count, OutputFile out) throws IOException {
    long first = edit.document().seed();
    if (count < 1 || count > MAX_SEEDS || first > Long.MAX_VALUE - count) {
      throw new ParameterException(
          spec.commandLine(),
          "--seeds: expected 1 to " + MAX_SEEDS + " seeds of 63 bits, got " + count);
    }
    var all = new ArrayList<Sown>();
    for (int i = 0; i < count; i++) {
      long seed = first + i;
      var picture = out.beside(OutputFile.stem(out.path()) + "-" + seed + ".png");
      picture.check(edit.picture(), file);
      glimpses.check(spec, picture, edit.picture(), file);
      all.add(new Sown(picture, edit.with(edit.document().withSeed(seed))));
    }
    return all;
  }

  private void several(
      Path file, Edit edit, int count, OutputFile out, Keeping keeping, ConsoleProgress progress)
      throws IOException, InterruptedException {
    var all = sown(file, edit, count, out);
    var folder = options.run.model.of(edit);
    var warnings = progress.takeWarnings();
    var rows = new ArrayList<Map<String, Object>>();
    var cells = new ArrayList<ContactSheet.Cell>();
    var part = ContactSheet.part(List.of(edit.checked().drawing()));
    cells.add(ContactSheet.Cell.of("original", edit.original(), part));
    try (var engine = options.run.engine.start(keeping)) {
      engine.submit(progress.followed(Job.open(folder.path()))).await();
      for (var one : all) {
        rows.add(one(one, folder, engine, progress, part, cells));
      }
    }
    var origin = options.metadata.origin(() -> Provenance.Origin.of(out.document()));
    out.save(ContactSheet.of(cells), PictureMetadata.NONE, origin, progress);
    progress.finish();
    options.run.engine.printTrace(spec);
    var json = new LinkedHashMap<String, Object>();
    json.put("sheet", out.path().toString());
    json.put("runs", rows);
    json.put("warnings", warnings);
    var lines = new ArrayList<String>();
    all.forEach(one -> lines.add(one.picture().path().toString()));
    lines.add(out.path().toString());
    options.run.show.print(spec, json, lines.toArray(String[]::new));
  }

  private Map<String, Object> one(
      Sown one,
      Place folder,
      Engine engine,
      ConsoleProgress progress,
      View part,
      List<ContactSheet.Cell> cells)
      throws IOException, InterruptedException {
    long started = System.nanoTime();
    var edit = one.edit();
    var job = glimpses.followed(edit.job(folder.path()), one.picture(), options.metadata, progress);
    var result = engine.submit(job).await();
    var edited = new Edited(edit, result, folder, options.run.engine.setup(), one.picture());
    edited.save(options.metadata, progress);
    cells.add(ContactSheet.Cell.of("seed " + edit.document().seed(), result.picture(), part));
    var row = edited.json(progress);
    // This one's own, not what all together took so far.
    row.put("seconds", Math.rint((System.nanoTime() - started) / 1e6) / 1e3);
    return row;
  }
}
