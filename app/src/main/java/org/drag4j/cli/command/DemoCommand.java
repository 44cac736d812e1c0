package org.drag4j.cli.command;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.DocumentOptions;
import org.drag4j.cli.option.PictureOptions;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Place;
import org.drag4j.engine.Provenance;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureMetadata;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j demo}: edits one of the samples with the model that comes along. */
@Command(
    name = "demo",
    description = "Edit a sample picture and put it beside the original.",
    mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {
  private static final int GAP = 8;
  private static final byte WHITE = (byte) 255;

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      defaultValue = "eyes",
      description =
          "The sample: avocado, dog, ear, eyes, large-eyes, orange, owl, pig. Default:"
              + " ${DEFAULT-VALUE}.")
  String name = "eyes";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      description =
          "The edited picture; the other one goes beside it. Default: NAME-edited.png in the"
              + " current folder.")
  Optional<Path> output = Optional.empty();

  @Mixin final DocumentOptions document = new DocumentOptions();
  @Mixin final PictureOptions options = new PictureOptions();

  /** Runs in this process. */
  public DemoCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    var home = AppHome.find();
    var known = home.samples();
    if (!known.contains(name)) {
      throw new ParameterException(
          spec.commandLine(),
          "demo: expected one of " + String.join(", ", known) + ", got '" + name + "'");
    }
    options.run.engine.setup().prepare();
    var progress = options.run.show.progress(spec, host);
    var sample = home.sample(name);
    var out =
        options.overwrite.picture(
            spec, output.orElse(Path.of(name + "-edited.png")), Optional.of(sample));
    var both = out.beside(name + "-before-after.png");
    var changed = document.read(sample, progress::warn);
    var edit = Edit.of(Edit.folder(sample), changed, Optional.empty(), progress::warn);
    var hint = home.hint(name);
    out.check(edit.picture());
    both.check(edit.picture());
    both.checkApart(out);
    options.glimpses.check(spec, out, edit.picture());
    try (progress) {
      var folder =
          options
              .run
              .model
              .folder()
              .map(Place::of)
              .orElseGet(() -> new Place(home.demoModel(), /* absolute= */ false));
      var engine = options.run.engine;
      var edited =
          Edited.of(
              edit,
              folder,
              out,
              engine,
              Keeping.NOTHING,
              options.glimpses,
              options.metadata,
              progress);
      var result = edited.result();
      edited.save(options.metadata, progress);
      both.save(
          beside(edit.original(), result.picture()),
          PictureMetadata.NONE,
          options.metadata.origin(() -> Provenance.Origin.of(out.document())));
      progress.finish();
      engine.printTrace(spec);
      var error = ColourError.of(edit.original(), result.picture(), result.pixels());
      if (!options.run.show.json()) {
        var err = spec.commandLine().getErr();
        err.println("before and after: " + both.path());
        err.println("look: " + hint.look());
        err.println(
            String.format(
                Locale.ROOT,
                "colour error of the target: %.1f (unedited picture: %.1f)",
                error.edited(),
                error.unedited()));
        err.println("try next: " + hint.next());
        err.flush();
      }
      var json = edited.json(progress);
      json.put("beforeAfter", both.path().toString());
      json.put("colourError", error.edited());
      json.put("colourErrorUnedited", error.unedited());
      json.put("look", hint.look());
      json.put("next", hint.next());
      options.run.show.print(spec, json, out.path().toString(), both.path().toString());
    }
    return ExitCode.OK;
  }

  /** Two pictures of one size side by side on white. */
  static Picture beside(Picture left, Picture right) {
    int row = left.width() * 3;
    int whole = 2 * row + GAP * 3;
    byte[] rgb = new byte[whole * left.height()];
    Arrays.fill(rgb, WHITE);
    byte[] a = left.rgb();
    byte[] b = right.rgb();
    for (int y = 0; y < left.height(); y++) {
      System.arraycopy(a, y * row, rgb, y * whole, row);
      System.arraycopy(b, y * row, rgb, y * whole + row + GAP * 3, row);
    }
    return Picture.of(2 * left.width() + GAP, left.height(), rgb);
  }
}
