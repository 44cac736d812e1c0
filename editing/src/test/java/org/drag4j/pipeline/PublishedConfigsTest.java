package org.drag4j.pipeline;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.drag4j.schedule.PredictionType;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.text.ClipTextConfig;
import org.drag4j.unet.UNetConfig;
import org.drag4j.vae.VaeConfig;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations as published models carry them: those that run, and those that must not. */
class PublishedConfigsTest {
  private static final String DOWN =
      """
      "down_block_types":["CrossAttnDownBlock2D","CrossAttnDownBlock2D","CrossAttnDownBlock2D",
      "DownBlock2D"],"up_block_types":["UpBlock2D","CrossAttnUpBlock2D","CrossAttnUpBlock2D",
      "CrossAttnUpBlock2D"]
      """;

  /** Stable Diffusion 1.4, 1.5 and fine-tunes of that time. */
  private static final String UNET_1 =
      """
      {"_class_name":"UNet2DConditionModel","_diffusers_version":"0.6.0","act_fn":"silu",
       "attention_head_dim":8,"block_out_channels":[320,640,1280,1280],"center_input_sample":false,
       "cross_attention_dim":768,%s,"downsample_padding":1,"flip_sin_to_cos":true,"freq_shift":0,
       "in_channels":4,"layers_per_block":2,"mid_block_scale_factor":1,"norm_eps":1e-05,
       "norm_num_groups":32,"out_channels":4,"sample_size":64}
      """
          .formatted(DOWN);

  /** Stable Diffusion 2.1. */
  private static final String UNET_2 =
      """
      {"_class_name":"UNet2DConditionModel","_diffusers_version":"0.10.0.dev0","act_fn":"silu",
       "attention_head_dim":[5,10,20,20],"block_out_channels":[320,640,1280,1280],
       "center_input_sample":false,"cross_attention_dim":1024,%s,"downsample_padding":1,
       "dual_cross_attention":false,"flip_sin_to_cos":true,"freq_shift":0,"in_channels":4,
       "layers_per_block":2,"mid_block_scale_factor":1,"norm_eps":1e-05,"norm_num_groups":32,
       "num_class_embeds":null,"only_cross_attention":false,"out_channels":4,"sample_size":96,
       "use_linear_projection":true,"upcast_attention":true}
      """
          .formatted(DOWN);

  /** A fine-tune saved by a later diffusers from its averaged weights, every key spelled out. */
  private static final String UNET_EMA =
      """
      {"_class_name":"UNet2DConditionModel","_diffusers_version":"0.27.0","_name_or_path":"x/y",
       "act_fn":"silu","addition_embed_type":null,"addition_embed_type_num_heads":64,
       "addition_time_embed_dim":null,"attention_head_dim":8,"attention_type":"default",
       "block_out_channels":[320,640,1280,1280],"center_input_sample":false,
       "class_embed_type":null,"class_embeddings_concat":false,"conv_in_kernel":3,
       "conv_out_kernel":3,"cross_attention_dim":768,"cross_attention_norm":null,"decay":0.9999,
       %s,"downsample_padding":1,"dropout":0.0,"dual_cross_attention":false,
       "encoder_hid_dim":null,"encoder_hid_dim_type":null,"flip_sin_to_cos":true,"freq_shift":0,
       "in_channels":4,"inv_gamma":1.0,"layers_per_block":2,"mid_block_only_cross_attention":null,
       "mid_block_scale_factor":1,"mid_block_type":"UNetMidBlock2DCrossAttn","min_decay":0.0,
       "norm_eps":1e-05,"norm_num_groups":32,"num_attention_heads":null,"num_class_embeds":null,
       "only_cross_attention":[false,false,false,false],"optimization_step":37000,
       "out_channels":4,"power":0.6666666666666666,"projection_class_embeddings_input_dim":null,
       "resnet_out_scale_factor":1.0,"resnet_skip_time_act":false,
       "resnet_time_scale_shift":"default","reverse_transformer_layers_per_block":null,
       "sample_size":64,"time_cond_proj_dim":null,"time_embedding_act_fn":null,
       "time_embedding_dim":null,"time_embedding_type":"positional","timestep_post_act":null,
       "transformer_layers_per_block":1,"upcast_attention":null,"update_after_step":0,
       "use_ema_warmup":false,"use_linear_projection":false}
      """
          .formatted(DOWN);

  private static final String BLOCKS =
      """
      "down_block_types":["DownEncoderBlock2D","DownEncoderBlock2D","DownEncoderBlock2D",
      "DownEncoderBlock2D"],"up_block_types":["UpDecoderBlock2D","UpDecoderBlock2D",
      "UpDecoderBlock2D","UpDecoderBlock2D"]
      """;

  private static final String VAE_1 =
      """
      {"_class_name":"AutoencoderKL","_diffusers_version":"0.6.0","act_fn":"silu",
       "block_out_channels":[128,256,512,512],%s,"in_channels":3,"latent_channels":4,
       "layers_per_block":2,"norm_num_groups":32,"out_channels":3,"sample_size":512}
      """
          .formatted(BLOCKS);

  private static final String VAE_LATER =
      """
      {"_class_name":"AutoencoderKL","_diffusers_version":"0.32.0","_name_or_path":"vae",
       "act_fn":"silu","block_out_channels":[128,256,512,512],%s,"force_upcast":true,
       "in_channels":3,"latent_channels":4,"latents_mean":null,"latents_std":null,
       "layers_per_block":2,"mid_block_add_attention":true,"norm_num_groups":32,"out_channels":3,
       "sample_size":768,"scaling_factor":0.18215,"shift_factor":null,"use_post_quant_conv":true,
       "use_quant_conv":true}
      """
          .formatted(BLOCKS);

  private static final String INDEX =
      """
      {"_class_name":"%s","_diffusers_version":"0.6.0",
       "feature_extractor":["transformers","CLIPImageProcessor"],"image_encoder":[null,null],
       "requires_safety_checker":true,
       "safety_checker":["stable_diffusion","StableDiffusionSafetyChecker"],
       "scheduler":["diffusers","PNDMScheduler"],"text_encoder":["transformers","CLIPTextModel"],
       "tokenizer":["transformers","CLIPTokenizer"],"unet":["diffusers","UNet2DConditionModel"],
       "vae":["diffusers","AutoencoderKL"]}
      """;

  @TempDir Path folder;

  private ModelFolder model(String pipeline, String unet, String vae) throws IOException {
    Files.writeString(folder.resolve("model_index.json"), INDEX.formatted(pipeline));
    write("unet/config.json", unet);
    write("vae/config.json", vae);
    return ModelFolder.open(folder);
  }

  private void write(String name, String text) throws IOException {
    Files.createDirectories(folder.resolve(name).resolveSibling("."));
    Files.writeString(folder.resolve(name), text);
  }

  @Test
  void publishedModelsAreUnderstood() throws IOException {
    var shape = new ModelShape(512, 8, 4, 0.18215f, 4, 768);
    assertEquals(shape, ModelShape.of(model("StableDiffusionPipeline", UNET_1, VAE_1)));
    assertEquals(
        shape, ModelShape.of(model("StableDiffusionImg2ImgPipeline", UNET_EMA, VAE_LATER)));
    assertEquals(
        new ModelShape(768, 8, 4, 0.18215f, 4, 1024),
        ModelShape.of(model("StableDiffusionPipeline", UNET_2, VAE_LATER)));
  }

  /** The text encoders of 1.x and 2.x, and one as transformers 4.1x spelled everything out. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"hidden_act\":\"quick_gelu\",\"hidden_size\":768,\"intermediate_size\":3072,"
            + "\"num_attention_heads\":12,\"num_hidden_layers\":12,\"projection_dim\":768",
        "\"hidden_act\":\"gelu\",\"hidden_size\":1024,\"intermediate_size\":4096,"
            + "\"num_attention_heads\":16,\"num_hidden_layers\":23,\"projection_dim\":512",
        "\"add_cross_attention\":false,\"chunk_size_feed_forward\":0,\"diversity_penalty\":0.0,"
            + "\"early_stopping\":false,\"finetuning_task\":null,\"id2label\":{\"0\":\"LABEL_0\"},"
            + "\"label2id\":{\"LABEL_0\":0},\"length_penalty\":1.0,\"max_length\":20,"
            + "\"num_beams\":1,\"pruned_heads\":{},\"repetition_penalty\":1.0,"
            + "\"return_dict\":true,\"temperature\":1.0,\"tie_word_embeddings\":true,"
            + "\"top_k\":50,\"typical_p\":1.0,\"use_bfloat16\":false,\"hidden_size\":768,"
            + "\"num_attention_heads\":12"
      })
  void publishedTextEncodersNeedNoNote(String more) {
    var config =
        Config.parse(
            "text_encoder/config.json",
            """
            {"_name_or_path":"x","architectures":["CLIPTextModel"],"attention_dropout":0.0,
             "bos_token_id":0,"dropout":0.0,"eos_token_id":2,"initializer_factor":1.0,
             "initializer_range":0.02,"layer_norm_eps":1e-05,"max_position_embeddings":77,
             "model_type":"clip_text_model","pad_token_id":1,"torch_dtype":"float32",
             "transformers_version":"4.25.0.dev0","vocab_size":49408,%s}
            """
                .formatted(more));
    assertDoesNotThrow(() -> ClipTextConfig.of(config));
    assertEquals(List.of(), ClipTextConfig.notes(config));
  }

  @Test
  void anUnknownKeyOfATextEncoderIsNoted() {
    var config = Config.parse("text_encoder/config.json", "{\"clip_skip\":2,\"use_cache\":false}");
    assertEquals(
        List.of(
            "text_encoder/config.json: clip_skip: 2 means nothing to drag4j and is left out of"
                + " account"),
        ClipTextConfig.notes(config));
    var t5 = Config.parse("text_encoder/config.json", "{\"model_type\":\"t5\"}");
    var e = assertThrows(ConfigException.class, () -> ClipTextConfig.of(t5));
    assertTrue(message(e).contains("model_type: expected clip_text_model, got \"t5\""), message(e));
  }

  static List<String> schedulers() {
    var betas =
        "\"beta_end\":0.012,\"beta_schedule\":\"scaled_linear\",\"beta_start\":0.00085,"
            + "\"num_train_timesteps\":1000,\"trained_betas\":null,\"steps_offset\":1,";
    return List.of(
        betas
            + "\"_class_name\":\"PNDMScheduler\",\"_diffusers_version\":\"0.6.0\","
            + "\"set_alpha_to_one\":false,\"skip_prk_steps\":true,\"clip_sample\":false",
        betas
            + "\"_class_name\":\"DDIMScheduler\",\"clip_sample\":false,\"clip_sample_range\":1.0,"
            + "\"dynamic_thresholding_ratio\":0.995,\"rescale_betas_zero_snr\":false,"
            + "\"sample_max_value\":1.0,\"set_alpha_to_one\":false,\"skip_prk_steps\":true,"
            + "\"thresholding\":false,\"timestep_spacing\":\"leading\","
            + "\"prediction_type\":\"epsilon\"",
        betas
            + "\"_class_name\":\"EulerDiscreteScheduler\",\"interpolation_type\":\"linear\","
            + "\"timestep_spacing\":\"trailing\",\"timestep_type\":\"discrete\",\"sigma_max\":null,"
            + "\"sigma_min\":null,\"use_karras_sigmas\":false,\"use_exponential_sigmas\":false,"
            + "\"use_beta_sigmas\":false,\"final_sigmas_type\":\"zero\"",
        betas + "\"_class_name\":\"EulerAncestralDiscreteScheduler\"",
        betas + "\"_class_name\":\"LMSDiscreteScheduler\",\"predict_epsilon\":true",
        betas + "\"_class_name\":\"HeunDiscreteScheduler\",\"use_karras_sigmas\":false",
        betas
            + "\"_class_name\":\"DDPMScheduler\",\"variance_type\":\"fixed_small\","
            + "\"clip_sample\":false",
        betas
            + "\"_class_name\":\"DPMSolverMultistepScheduler\",\"algorithm_type\":\"dpmsolver++\","
            + "\"dynamic_thresholding_ratio\":0.995,\"euler_at_final\":false,\"flow_shift\":1.0,"
            + "\"final_sigmas_type\":\"zero\",\"lambda_min_clipped\":-Infinity,"
            + "\"lower_order_final\":true,\"solver_order\":2,\"solver_type\":\"midpoint\","
            + "\"use_flow_sigmas\":false,\"use_karras_sigmas\":false,\"use_lu_lambdas\":false,"
            + "\"variance_type\":null,\"use_dynamic_shifting\":false,"
            + "\"time_shift_type\":\"exponential\"",
        betas
            + "\"_class_name\":\"UniPCMultistepScheduler\",\"predict_x0\":true,"
            + "\"disable_corrector\":[],\"solver_p\":null,\"solver_type\":\"bh2\"");
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void publishedSchedulersAreUnderstood(String keys) {
    var read = SchedulerConfig.of(Config.parse("scheduler_config.json", "{" + keys + "}"));
    assertEquals(PredictionType.EPSILON, read.predictionType());
    assertEquals(0.012, read.betaEnd());
  }

  /** What would change the noise, or the steps, is no longer passed over. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "rescale_betas_zero_snr":true | null or false, got true; drag4j does not do this (yet); use another model
          "use_karras_sigmas":true | null or false, got true; drag4j does not do this (yet); write false to have
          "clip_sample":true | null or false, got true; drag4j does not do this (yet); write false to have
          "trained_betas":[0.1,0.2] | null or false, got [0.1, 0.2]
          "lambda_min_clipped":-5.1 | -Infinity, got -5.1
          "timestep_type":"continuous" | discrete, got "continuous"
          "sigma_min":0.1 | null or false, got 0.1
          "a_new_key":1 | null or false, got 1
          "_class_name":"FlowMatchEulerDiscreteScheduler" | a scheduler of Stable Diffusion 1.x and 2.x
          "_class_name":"LCMScheduler" | a scheduler of Stable Diffusion 1.x and 2.x
          "_class_name":"EDMEulerScheduler" | a scheduler of Stable Diffusion 1.x and 2.x
          """)
  void otherSchedulersAreRefused(String key, String expected) {
    var config = Config.parse("scheduler_config.json", "{" + key + "}");
    var e = assertThrows(ConfigException.class, () -> SchedulerConfig.of(config));
    String name = key.substring(1, key.indexOf('"', 1));
    var line = "scheduler_config.json: " + name + ": expected " + expected;
    assertTrue(message(e).startsWith(line), message(e));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "resnet_skip_time_act":true | null or false, got true
          "class_embed_type":"timestep" | null or false, got "timestep"
          "mid_block_type":"UNetMidBlock2DSimpleCrossAttn" | UNetMidBlock2DCrossAttn, got
          "mid_block_type":null | UNetMidBlock2DCrossAttn, got nothing
          "only_cross_attention":[true,true,true,false] | null or false, got [true, true, true, false]
          "conv_in_kernel":1 | 3, got 1
          "use_quantum":1 | null or false, got 1
          "_class_name":"UNetMotionModel" | UNet2DConditionModel, got
          """)
  void otherUnetsAreRefused(String key, String expected) {
    var text = UNET_1.replace("\"_class_name\":\"UNet2DConditionModel\"", "\"_x\":1");
    var config = Config.parse("unet/config.json", text.replaceFirst("\\{", "{" + key + ","));
    var e = assertThrows(ConfigException.class, () -> UNetConfig.of(config));
    assertTrue(message(e).contains(": expected " + expected), message(e));
    assertTrue(message(e).endsWith("use a Stable Diffusion 1.x or 2.x model"), message(e));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "shift_factor":0.1159 | null or false, got 0.1159
          "latents_mean":[0.1] | null or false, got [0.1]
          "act_fn":"gelu" | silu, got "gelu"
          "temporal_compression":4 | null or false, got 4
          "_class_name":"AsymmetricAutoencoderKL" | AutoencoderKL, got
          """)
  void otherAutoencodersAreRefused(String key, String expected) {
    var text =
        VAE_1
            .replace("\"_class_name\":\"AutoencoderKL\"", "\"_x\":1")
            .replace("\"act_fn\":\"silu\",", "");
    var config = Config.parse("vae/config.json", text.replaceFirst("\\{", "{" + key + ","));
    var e = assertThrows(ConfigException.class, () -> VaeConfig.of(config));
    assertTrue(message(e).contains(": expected " + expected), message(e));
  }

  /** Each is called what it is, before anything of it is complained about. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          StableDiffusionInpaintPipeline | "in_channels":9 | an inpainting model
          StableDiffusionInstructPix2PixPipeline | "in_channels":8 | an InstructPix2Pix model
          StableDiffusionDepth2ImgPipeline | "in_channels":5 | a depth-to-image model
          StableDiffusionUpscalePipeline | "in_channels":7,"num_class_embeds":1000 | an upscaler
          StableDiffusionXLPipeline | "in_channels":4 | Stable Diffusion XL (StableDiffusionXLPipeline)
          X | "addition_embed_type":"text_time" | Stable Diffusion XL
          LatentConsistencyModelPipeline | "in_channels":4 | a latent consistency model (LCM) (
          X | "time_cond_proj_dim":256 | a latent consistency model (LCM)
          """)
  void modelsOfOtherKindsAreCalledWhatTheyAre(String pipeline, String key, String what)
      throws IOException {
    var unet = UNET_1.replace("\"in_channels\":4", key);
    refused(model(pipeline, unet, VAE_1), what);
  }

  @Test
  void transformersAndTinyAutoencodersAreCalledWhatTheyAre() throws IOException {
    refused(
        model("X", UNET_1, "{\"_class_name\":\"AutoencoderTiny\"}"),
        "a tiny autoencoder (TAESD), which drag4j does not run (yet); put the vae");
    write("text_encoder_2/config.json", "{}");
    refused(model("X", UNET_1, VAE_1), "Stable Diffusion XL");
    Files.delete(folder.resolve("unet/config.json"));
    Files.delete(folder.resolve("unet"));
    write("transformer/config.json", "{}");
    for (var pipeline : List.of("FluxPipeline", "StableDiffusion3Pipeline", "SanaPipeline")) {
      Files.writeString(folder.resolve("model_index.json"), INDEX.formatted(pipeline));
      refused(ModelFolder.open(folder), pipeline + ")");
    }
    Files.writeString(folder.resolve("model_index.json"), "{}");
    refused(ModelFolder.open(folder), "a diffusion transformer, which");
  }

  private static void refused(ModelFolder model, String what) {
    var e = assertThrows(ConfigException.class, () -> ModelShape.of(model));
    var expected = ": expected a Stable Diffusion 1.x or 2.x model, got ";
    assertTrue(message(e).contains(expected) && message(e).contains(what), message(e));
    assertTrue(!message(e).contains("fetch"), message(e));
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }
}
