package org.drag4j.session;

import java.util.List;
import java.util.function.Supplier;
import org.drag4j.cache.Digest;
import org.drag4j.geometry.Task;
import org.drag4j.method.Given;
import org.drag4j.method.Kept;
import org.drag4j.method.Noise;
import org.drag4j.method.Session;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Models;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.schedule.TorchRandom;
import org.jspecify.annotations.Nullable;

/** One edit in progress; closing it gives back the values that no cache keeps. */
final class EditSession implements Session, AutoCloseable {
  private final CheckedEdit edit;
  private final Task task;
  private final Picture picture;
  private final Given given;
  private final Pipeline pipeline;
  private final Keeping keeping;
  private final Progress progress;
  private final Glimpse glimpse;
  private TorchRandom random;
  private float @Nullable [] first;
  private @Nullable LatentColours colours;

  EditSession(
      CheckedEdit edit,
      Task task,
      Picture picture,
      Pipeline pipeline,
      Keeping keeping,
      Progress progress,
      Glimpse glimpse) {
    this.edit = edit;
    this.task = task;
    this.picture = picture;
    this.pipeline = pipeline;
    this.keeping = keeping;
    this.progress = progress;
    this.glimpse = glimpse;
    given =
        new Given(
            Digest.of(picture.width(), picture.height(), picture.rgb()),
            edit.document().prompt(),
            edit.document().longPrompt(),
            edit.document().seed());
    random = TorchRandom.seeded(edit.document().seed());
  }

  @Override
  public Picture picture() {
    return picture;
  }

  @Override
  public List<Picture> pictures() {
    return edit.pictures();
  }

  @Override
  public String prompt() {
    return edit.document().prompt();
  }

  @Override
  public List<float[]> text(String... prompts) {
    pipeline.leftOff(List.of(prompts), given.longPrompt()).forEach(progress::warn);
    return Session.super.text(prompts);
  }

  @Override
  public Given given() {
    return given;
  }

  @Override
  public Task task() {
    return task;
  }

  @Override
  public Models models() {
    return pipeline;
  }

  @Override
  public Noise noise() {
    return count -> random.randn(count);
  }

  @Override
  public Kept kept() {
    return this::kept;
  }

  private Kept.Values kept(Record key, Supplier<Kept.Values> make, float[]... from) {
    var entry =
        keeping.get(
            key, () -> new KeptInMemory.Entry(make.get(), random), random, progress::warn, from);
    random = entry.random();
    return entry.values();
  }

  @Override
  public Progress progress() {
    return progress;
  }

  @Override
  public float[] sample(Picture of) {
    return remembered(Session.super.sample(of), of);
  }

  @Override
  public float[] mean(Picture of) {
    return remembered(Session.super.mean(of), of);
  }

  private float[] remembered(float[] latent, Picture of) {
    if (first == null && of.equals(picture)) {
      first = latent;
    }
    return latent;
  }

  @Override
  public void show(float[] latent, int done, int steps) {
    glimpse.at(done, steps, () -> colours().picture(latent));
  }

  private LatentColours colours() {
    if (colours == null) {
      colours = LatentColours.fit(first == null ? mean(picture) : first, grid(), picture);
    }
    return colours;
  }

  @Override
  public void close() {
    keeping.release();
  }
}
